import { MemoryDeadLetterStore, silentLogger } from "@chimera/dlq";
import { startClickHouse } from "@chimera/test-services";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "vitest";

import { ClickHouseAdapter } from "../../src/index.ts";
import type { ClickHouseOptions } from "../../src/index.ts";

/** One server for a test file. */
export interface ServerOfFile {
  readonly url: string;
  readonly service: Awaited<ReturnType<typeof startClickHouse>>;
}

/** Starts a server before the file's tests and stops it after them. */
export function serverForFile(): ServerOfFile {
  let service: ServerOfFile["service"] | undefined;
  const started = (): ServerOfFile["service"] => {
    if (service === undefined) throw new Error("The server is started in beforeAll");
    return service;
  };
  beforeAll(async () => {
    service = await startClickHouse();
  });
  afterAll(async () => service?.stop());
  return {
    get url() {
      return started().url;
    },
    get service() {
      return started();
    },
  };
}

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
