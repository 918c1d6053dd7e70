import type { Environment, ReplayTarget } from "@chimera/dlq";

import { resolveOptions } from "./adapter-options.ts";
import type { ClickHouseOptions, ClickHouseSettings, ResolvedOptions } from "./adapter-options.ts";
import { Alarms } from "./alarms.ts";
import { batchesOf } from "./batch/batch.ts";
import { secretsOf } from "./credentials.ts";
import { sendAll, sendBatch } from "./delivery/send-batch.ts";
import { DirectCalls } from "./direct-calls.ts";
import { loadDriver } from "./driver.ts";
import type { Driver } from "./driver.ts";
import { EndpointPool } from "./endpoints/endpoint-pool.ts";
import { openEndpoints } from "./endpoints/open-endpoints.ts";
import { settingsFromEnvironment } from "./environment.ts";
import { ClickHouseStorageError, invalid } from "./errors.ts";
import type { ClickHouseStorageErrorDetails } from "./errors.ts";
import { checkHealth } from "./health.ts";
import type { ClickHouseHealth } from "./health.ts";
import { InsertCounters } from "./metrics.ts";
import type { ClickHouseMetrics, StoredInsert } from "./metrics.ts";
import { ClickHouseReplayTarget } from "./replay-target.ts";
import type { ReplayRoute } from "./replay-target.ts";
import { Routes } from "./routes.ts";
import { encodeRows } from "./rows/encode-rows.ts";
import type { FieldRules } from "./rows/field-rules.ts";
import { StatementRunner } from "./statements.ts";
import type { StatementOptions } from "./statements.ts";
import { tableName } from "./table-name.ts";
import type { TableName } from "./table-name.ts";
import { BatchWriter } from "./writer/batch-writer.ts";
import type { WriteSummary } from "./writer/tickets.ts";
import { resolveWriterOptions } from "./writer/writer-options.ts";
import type { BatchWriterOptions } from "./writer/writer-options.ts";

/** Options of {@link ClickHouseAdapter.insert}. */
export interface InsertOptions {
  /** Names the insert: a repeat under the same token with the same rows is stored once. @defaultValue a new UUID */
  readonly token?: string;
  /** Ends all tries; rows not stored by then are dead-lettered, or the call rejects. */
  readonly signal?: AbortSignal;
  readonly settings?: ClickHouseSettings;
}

/** What an adapter is made from. */
interface AdapterParts {
  readonly driver: Driver;
  readonly options: ResolvedOptions;
  readonly writerDefaults: BatchWriterOptions;
}

/**
 * A ClickHouse server, several replicas of one, or an engine in the process.
 *
 * Opening connects to nothing: the first call does. Everything here is safe to use side by side.
 */
export class ClickHouseAdapter {
  readonly #options: ResolvedOptions;
  readonly #writerDefaults: BatchWriterOptions;
  readonly #pool: EndpointPool;
  readonly #alarms: Alarms;
  readonly #counters: InsertCounters;
  readonly #routes: Routes;
  readonly #secrets: readonly string[];
  readonly #statements: StatementRunner;
  readonly #direct: DirectCalls;
  readonly #writers = new Set<{ readonly writer: Closable; readonly table: TableName }>();
  #closing: Promise<void> | undefined;

  private constructor({ driver, options, writerDefaults }: AdapterParts) {
    this.#options = options;
    this.#writerDefaults = writerDefaults;
    this.#pool = new EndpointPool(openEndpoints(driver, options), options.clock);
    this.#alarms = new Alarms(options.clock);
    this.#counters = new InsertCounters(options.logger);
    this.#secrets = options.servers.flatMap(({ username, password }) => secretsOf(username, password));
    const shared = { pool: this.#pool, options, secrets: this.#secrets };
    this.#direct = new DirectCalls(options.clock);
    this.#statements = new StatementRunner({ ...shared, calls: this.#direct });
    this.#routes = new Routes({ ...shared, alarms: this.#alarms, counters: this.#counters });
  }

  /**
   * Opens an adapter, or answers `null` with one warning when `@clickhouse/client` is not installed, so that a
   * service runs on without analytics.
   *
   * @throws ClickHouseStorageError `CLICKHOUSE_INVALID` listing every bad option.
   */
  static async open(options: ClickHouseOptions): Promise<ClickHouseAdapter | null> {
    return ClickHouseAdapter.#open(options, {});
  }

  /**
   * Opens an adapter from `CHIMERA_CLICKHOUSE_*` variables; `overrides` win.
   *
   * @throws ClickHouseStorageError `CLICKHOUSE_INVALID` with a line for each wrong variable, and never a value.
   */
  static async fromEnv(
    environment: Environment = process.env,
    overrides: ClickHouseOptions = {},
  ): Promise<ClickHouseAdapter | null> {
    const { options, writerDefaults } = settingsFromEnvironment(environment, overrides);
    return ClickHouseAdapter.#open(options, writerDefaults);
  }

  static async #open(
    options: ClickHouseOptions,
    writerDefaults: BatchWriterOptions,
  ): Promise<ClickHouseAdapter | null> {
    const resolved = resolveOptions(options);
    resolveWriterOptions(writerDefaults);
    const driver = await loadDriver(resolved.logger);
    return driver === null ? null : new ClickHouseAdapter({ driver, options: resolved, writerDefaults });
  }

  /**
   * Makes a writer that gathers rows of one table into batches.
   *
   * @throws ClickHouseStorageError `CLICKHOUSE_INVALID` for bad options, or when neither the adapter nor the writer
   * says where failed rows go; `CLICKHOUSE_CLOSED` after `close`.
   */
  writer<Row extends object = Record<string, unknown>>(
    table: string,
    options: BatchWriterOptions = {},
  ): BatchWriter<Row> {
    this.#assertOpen();
    const name = tableName(table);
    const resolved = resolveWriterOptions({ ...this.#writerDefaults, ...options });
    const store = options.deadLetters === undefined ? this.#options.deadLetters : options.deadLetters;
    if (store === undefined) {
      throw invalid("Bad writer options", [
        "Expected `deadLetters` to be a DeadLetterStore, or null to have failed writes reject",
      ]);
    }
    const { clock, createId } = this.#options;
    const courier = this.#routes.courier(name, options.settings);
    const office = this.#routes.office(name, store);
    const writer = new BatchWriter<Row>({
      options: resolved,
      rules: this.#rules,
      clock,
      createId,
      table,
      send: async (batch, signals) => sendBatch(batch, courier, office, signals),
      onClose: () => this.#writers.delete(entry),
    });
    const entry = { writer, table: name };
    this.#writers.add(entry);
    return writer;
  }

  /**
   * Stores rows as one batch, now. Fails like a batch of a writer: tried again, bad rows taken out, and with
   * `deadLetters` on the adapter what cannot be stored is dead-lettered. More than 500 000 rows or 64 MiB go as
   * several batches, one after the other.
   *
   * @throws ClickHouseStorageError `CLICKHOUSE_ROW_INVALID` before anything is sent; the insert's own error where
   * there is no dead-letter store; `CLICKHOUSE_DEAD_LETTERS_FAILED`; `CLICKHOUSE_CLOSED`.
   */
  async insert(
    table: string,
    rows: readonly object[],
    { token = this.#options.createId(), signal, settings }: InsertOptions = {},
  ): Promise<WriteSummary> {
    this.#assertOpen();
    const name = tableName(table);
    const buffers = encodeRows(rows, this.#rules);
    const courier = this.#routes.courier(name, settings);
    const office = this.#routes.office(name, this.#options.deadLetters ?? null);
    const batches = batchesOf(buffers, token, this.#options.clock.now());
    const deadLettered = await this.#direct.run(
      async (signals) => sendAll(batches, courier, office, signals),
      signal,
    );
    return { stored: rows.length - deadLettered, deadLettered };
  }

  /**
   * Reads rows. Transient failures are tried again, 3 tries in all.
   *
   * @throws ClickHouseStorageError with the server's number in `serverCode`.
   */
  async query<Row = Record<string, unknown>>(sql: string, options: StatementOptions = {}): Promise<Row[]> {
    this.#assertOpen();
    return this.#statements.query<Row>(sql, options);
  }

  /**
   * Reads rows as they come, in constant memory; leaving the loop ends the query's reply.
   *
   * @throws as {@link query}, also in mid-stream.
   */
  stream<Row = Record<string, unknown>>(
    sql: string,
    options: StatementOptions = {},
  ): AsyncGenerator<Row, void, void> {
    this.#assertOpen();
    return this.#statements.stream<Row>(sql, options);
  }

  /**
   * Runs a statement without rows: DDL, ALTER, OPTIMIZE, INSERT … SELECT. Tried again only when it cannot have run.
   *
   * @throws as {@link query}.
   */
  async command(sql: string, options: StatementOptions = {}): Promise<void> {
    this.#assertOpen();
    await this.#statements.command(sql, options);
  }

  /**
   * A way back for dead letters of any table of this server.
   *
   * @param options.table - sends every letter into this table, whatever its target says.
   */
  replayTarget({ table }: { readonly table?: string } = {}): ReplayTarget {
    this.#assertOpen();
    const { deadLetters } = this.#options;
    const routeTo = (given: string): ReplayRoute => {
      // To a replay it is the surroundings that failed: its letters stay as they are.
      this.#assertOpen({ retryable: true });
      const name = tableName(given);
      const courier = this.#routes.replayCourier(name);
      return { courier, office: deadLetters ? this.#routes.office(name, deadLetters) : undefined };
    };
    return new ClickHouseReplayTarget(routeTo, this.#direct, table);
  }

  /** Asks every server and looks at the writers' tables. Never rejects; at most `deadlineMs` (default 3_000). */
  async health(options: { readonly deadlineMs?: number } = {}): Promise<ClickHouseHealth> {
    const tables = new Map([...this.#writers].map(({ table }) => [table.given, table]));
    return checkHealth(
      {
        pool: this.#pool,
        options: this.#options,
        secrets: this.#secrets,
        alarms: this.#alarms.list(),
        tables: [...tables.values()],
      },
      options,
    );
  }

  /** What was done since the adapter was opened, and what its writers hold. */
  metrics(): ClickHouseMetrics {
    const gauges = [...this.#writers].map(({ writer }) => writer.gauges);
    const sum = (name: keyof (typeof gauges)[number]): number =>
      gauges.reduce((total, gauge) => total + gauge[name], 0);
    return {
      ...this.#counters.snapshot(),
      bufferedRows: sum("bufferedRows"),
      bufferedBytes: sum("bufferedBytes"),
      waitingWrites: sum("waitingWrites"),
      insertsInFlight: sum("insertsInFlight"),
      servers: this.#pool.endpoints.map(({ label, breaker }) => ({ label, breaker: breaker.state })),
    };
  }

  /** Tells of each insert that the server took, such as for a histogram, until the answered function is called. A listener that throws is logged. */
  onInsert(listener: (insert: StoredInsert) => void): () => void {
    return this.#counters.onInsert(listener);
  }

  /**
   * Closes all writers, waits for the other calls under way, then closes the connections. What is not done in time is
   * ended: an insert is dead-lettered, or rejects like a statement with an error that leaves open whether it took
   * effect. A stream of rows is cut. Idempotent; always resolves within the deadline.
   *
   * @param options.deadlineMs - milliseconds. @defaultValue 10_000
   */
  async close({ deadlineMs = 10_000 }: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(deadlineMs: number): Promise<void> {
    await Promise.all([
      ...[...this.#writers].map(async ({ writer }) => writer.close({ deadlineMs })),
      this.#direct.close(deadlineMs),
    ]);
    await Promise.all(this.#pool.endpoints.map(async ({ client }) => client.close()));
  }

  get #rules(): FieldRules {
    return { textOnly: this.#options.connection !== undefined };
  }

  #assertOpen(details: ClickHouseStorageErrorDetails = {}): void {
    if (this.#closing === undefined) return;
    throw new ClickHouseStorageError("CLICKHOUSE_CLOSED", "The ClickHouse adapter was closed", details);
  }
}

/** A writer of rows of any shape, as far as the adapter needs it. */
type Closable = Pick<BatchWriter, "gauges" | "close">;
