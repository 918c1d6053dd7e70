import { startClickHouse, startClickHouse18 } from "@chimera/test-services";

/** A running server, its version, and what it can. */
export interface Engine {
  readonly name: "26.7" | "18.16";
  readonly service: Awaited<ReturnType<typeof startClickHouse>>;
  /** Whether a repeated batch is recognised by its token. */
  readonly knowsTokens: boolean;
  /** A MergeTree of events with a column that is different at each insert, so that equal rows never make equal blocks. */
  createEvents(table: string): string;
}

/** Starts the engine of today: 26.7 from npm's chdb. */
export async function startModern(): Promise<Engine> {
  return {
    name: "26.7",
    service: await startClickHouse(),
    knowsTokens: true,
    createEvents: (table) =>
      `CREATE TABLE ${table} (id UInt64, name String, ts DateTime64(6) DEFAULT now64(6))
       ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
  };
}

/** Starts the engine of 2019, or says why it is not to be had here. */
export async function startOld(): Promise<Engine | { readonly missing: string }> {
  const service = await startClickHouse18();
  if ("missing" in service) return service;
  return {
    name: "18.16",
    service,
    knowsTokens: false,
    createEvents: (table) =>
      `CREATE TABLE ${table} (id UInt64, name String, ts DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY id`,
  };
}
