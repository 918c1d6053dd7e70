import type { PostgresAdapter } from "@chimera/storage-postgres";
import { elapsedMs, type Sides } from "../scenario.ts";
import { BULK_TABLE, bulkRows, type BulkSampleRow } from "./bulk-rows.ts";
import { postgresSides, type PostgresFixture } from "./postgres-sides.ts";

/** Stores all rows and resolves when they are committed. */
export type StoreRows = (rows: readonly BulkSampleRow[]) => Promise<unknown>;

/** Both sides store the same rows into an emptied table; each run is checked afterwards, outside of its time. */
export async function bulkSides(
  n: number,
  makeReferences: (fixture: PostgresFixture) => readonly StoreRows[],
): Promise<Sides> {
  const rows = bulkRows(n);
  return postgresSides(BULK_TABLE, {
    ours: async ({ adapter }) => rate(adapter, rows, async () => adapter.bulkInsert("quakes", rows)),
    // The better one of several references is the one to be measured against.
    reference: async (fixture) => {
      const rates: number[] = [];
      for (const store of makeReferences(fixture)) rates.push(await rate(fixture.adapter, rows, store));
      return Math.max(...rates);
    },
  });
}

/** Rows a second of one run, on a table that is emptied before and counted after. */
async function rate(
  adapter: PostgresAdapter,
  rows: readonly BulkSampleRow[],
  store: StoreRows,
): Promise<number> {
  await adapter.query("truncate quakes");
  const tookMs = await elapsedMs(async () => void (await store(rows)));
  const { rows: counts } = await adapter.query<{ count: number; ids: number; felt: number }>(
    "select count(*)::int as count, count(distinct id)::int as ids, sum((detail->>'felt')::int)::int as felt from quakes",
  );
  const felt = rows.reduce((sum, { detail }) => sum + detail.felt, 0);
  const [found] = counts;
  if (found?.count !== rows.length || found.ids !== rows.length || found.felt !== felt)
    throw new Error(`stored ${rows.length} rows, found ${JSON.stringify(found)}`);
  return (rows.length / tookMs) * 1_000;
}
