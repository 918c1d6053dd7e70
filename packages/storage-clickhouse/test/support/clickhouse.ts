import { MemoryDeadLetterStore, silentLogger } from "@chimera/dlq";
import { randomUUID } from "node:crypto";
import { ClickHouseAdapter } from "../../src/index.ts";
import type { ClickHouseOptions } from "../../src/index.ts";

/** An adapter that is there: the driver is installed in this repository. */
export async function open(options: ClickHouseOptions): Promise<ClickHouseAdapter> {
  const adapter = await ClickHouseAdapter.open({
    logger: silentLogger,
    deadLetters: new MemoryDeadLetterStore(),
    ...options,
  });
  if (adapter === null) throw new Error("@clickhouse/client is a development dependency of this package");
  return adapter;
}

/** A table's name that no other test has. */
export function freshTable(): string {
  return `t_${randomUUID().replaceAll("-", "")}`;
}

/** A table of events that remembers the tokens of its last 1 000 batches. */
export async function createEvents(
  adapter: ClickHouseAdapter,
  table: string = freshTable(),
): Promise<string> {
  await adapter.command(
    `CREATE TABLE ${table} (id UInt64, name String, ts DateTime64(3) DEFAULT now64(3))
     ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
  );
  return table;
}

/** How many rows a table has, and how many different ids. */
export async function countOf(
  adapter: ClickHouseAdapter,
  table: string,
): Promise<{ readonly rows: number; readonly ids: number }> {
  const [row] = await adapter.query<{ rows: string; ids: string }>(
    `SELECT count() AS rows, uniqExact(id) AS ids FROM ${table}`,
  );
  return { rows: Number(row?.rows), ids: Number(row?.ids) };
}
