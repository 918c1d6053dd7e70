import postgres from "postgres";
import { createPool, sql as slonikSql } from "slonik";
import { BULK_COLUMNS } from "../postgres/bulk-rows.ts";
import { bulkSides, type StoreRows } from "../postgres/bulk-sides.ts";
import { POOL_SIZE } from "../postgres/postgres-sides.ts";
import type { Scenario } from "../scenario.ts";

/** Rows of one statement: the size at which both peers were fastest. */
const BATCH = 1_000;

export const scenario: Scenario = {
  title: "100 000 rows at once",
  unit: "rows/s",
  better: "higher",
  referenceName: "slonik unnest or postgres inserts, the better",
  bar: 2,
  n: 100_000,
  quickN: 20_000,
  peers: ["slonik", "postgres"],
  async open(n) {
    let peers: { readonly stores: readonly StoreRows[]; readonly close: () => Promise<void> } | undefined;
    const sides = await bulkSides(n, ({ url }) => {
      peers ??= openPeers(url);
      return peers.stores;
    });
    return {
      ...sides,
      close: async () => {
        await peers?.close();
        await sides.close();
      },
    };
  },
};

function openPeers(url: string): { stores: readonly StoreRows[]; close: () => Promise<void> } {
  const slonik = createPool(url, { maximumPoolSize: POOL_SIZE });
  const sql = postgres(url, { max: POOL_SIZE });
  const byUnnest: StoreRows = async (rows) => {
    const pool = await slonik;
    // All or nothing, as ours is.
    await pool.transaction(async (connection) => {
      for (let from = 0; from < rows.length; from += BATCH) {
        const tuples = rows
          .slice(from, from + BATCH)
          .map(({ id, place, magnitude, at, detail }) => [id, place, magnitude, at, JSON.stringify(detail)]);
        await connection.query(slonikSql.unsafe`insert into quakes (id, place, magnitude, at, detail)
          select * from ${slonikSql.unnest(tuples, ["int4", "text", "float8", "timestamptz", "jsonb"])}`);
      }
    });
  };
  const byRows: StoreRows = async (rows) =>
    sql.begin(async (transaction) => {
      for (let from = 0; from < rows.length; from += BATCH)
        await transaction`insert into quakes ${transaction(rows.slice(from, from + BATCH), ...BULK_COLUMNS)}`;
    });
  return {
    stores: [byUnnest, byRows],
    close: async () => {
      await (await slonik).end();
      await sql.end();
    },
  };
}
