import { createClient } from "@clickhouse/client";
import { startClickHouse } from "@chimera/test-services";
import { ClickHouseAdapter } from "@chimera/storage-clickhouse";
import type { BatchWriter } from "@chimera/storage-clickhouse";
import { randomUUID } from "node:crypto";

/** A row of about 120 bytes as JSON. */
export interface Quake {
  readonly id: number;
  readonly place: string;
  readonly magnitude: number;
  readonly at: string;
  readonly ok: boolean;
}

export function quakes(count: number, from = 0): Quake[] {
  return Array.from({ length: count }, (_, n) => ({
    id: from + n,
    place: `${n % 97} km NNE of somewhere ${n % 1013}`,
    magnitude: (n % 90) / 10,
    at: "2026-11-23 12:00:00.123",
    ok: n % 3 === 0,
  }));
}

/** Cuts rows into arrays of 10 000. */
export function arraysOf(rows: readonly Quake[]): Quake[][] {
  const arrays: Quake[][] = [];
  for (let start = 0; start < rows.length; start += 10_000) arrays.push(rows.slice(start, start + 10_000));
  return arrays;
}

/** One engine, reached by us and by the driver alone. */
export interface Bench {
  readonly url: string;
  readonly service: Awaited<ReturnType<typeof startClickHouse>>;
  readonly adapter: ClickHouseAdapter;
  readonly client: ReturnType<typeof createClient>;
  /**
   * Times `work` on an empty table of its own, and counts what it stored.
   *
   * @returns rows a second.
   */
  intoNewTable(rows: number, work: (table: string) => Promise<void>): Promise<number>;
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const service = await startClickHouse();
  const adapter = await ClickHouseAdapter.open({ url: service.url, deadLetters: null });
  if (adapter === null) throw new Error("@clickhouse/client is not installed");
  const client = createClient({ url: service.url, clickhouse_settings: { async_insert: 0 } });
  return {
    url: service.url,
    service,
    adapter,
    client,
    async intoNewTable(rows, work) {
      const table = `quakes_${randomUUID().replaceAll("-", "")}`;
      await adapter.command(
        `CREATE TABLE ${table} (id UInt64, place String, magnitude Float64, at DateTime64(3), ok Bool)
         ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
      );
      const startedMs = performance.now();
      await work(table);
      const seconds = (performance.now() - startedMs) / 1_000;
      const [count] = await adapter.query<{ rows: string }>(`SELECT count() AS rows FROM ${table}`);
      if (Number(count?.rows) !== rows) throw new Error(`Expected ${rows} rows, stored ${count?.rows}`);
      await adapter.command(`DROP TABLE ${table}`);
      return rows / seconds;
    },
    async close() {
      await adapter.close();
      await client.close();
      await service.stop();
    },
  };
}

/** Uses a writer of ours with default options, and closes it. */
export async function withWriter(
  adapter: ClickHouseAdapter,
  table: string,
  work: (writer: BatchWriter<Quake>) => Promise<void>,
): Promise<void> {
  const writer = adapter.writer<Quake>(table);
  await work(writer);
  await writer.close();
}
