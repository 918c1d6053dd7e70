import type { Environment } from "@chimera/dlq";
import { integerIssue } from "@chimera/dlq";
import type { BulkInsertOptions, BulkInsertResult } from "./bulk/bulk-insert.ts";
import { planBulkInsert } from "./bulk/bulk-insert.ts";
import { BulkInserter } from "./bulk/bulk-inserter.ts";
import type { BulkRow, TableName } from "./bulk/columns.ts";
import { Calls } from "./calls.ts";
import { cancelRequests } from "./cancel-request.ts";
import { Connector } from "./connector.ts";
import { Credentials } from "./credentials.ts";
import { optionsFromEnvironment } from "./environment.ts";
import { PostgresError } from "./errors.ts";
import { LostCommit } from "./failure.ts";
import type { PostgresHealth } from "./health.ts";
import { checkHealth } from "./health.ts";
import { settleLostCommit } from "./lost-commit.ts";
import type { PostgresAdapterOptions, ResolvedOptions } from "./options.ts";
import { resolveOptions } from "./options.ts";
import { Pool } from "./pool.ts";
import type { PoolMetrics } from "./pool-metrics.ts";
import type { CallOptions, QueryOptions, QueryResult, QueryRunner, StreamOptions } from "./query.ts";
import { limitsOf, readQueryCall, readResult } from "./query.ts";
import type { RetryCounts } from "./retry.ts";
import { Retrier } from "./retry.ts";
import type { SqlStatement } from "./sql.ts";
import { streamRows } from "./stream-rows.ts";
import type { Transaction, TransactionOptions } from "./transaction.ts";
import { checkTransactionOptions, runTransaction } from "./transaction.ts";

/** What the adapter counts. */
export interface PostgresMetrics {
  readonly pool: PoolMetrics;
  readonly retries: RetryCounts;
}

/**
 * A Postgres server as a service uses it: pooled, pinged, and tried again only where that is safe.
 *
 * Connects with the first call. All calls are safe side by side.
 */
export class PostgresAdapter implements QueryRunner, AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #pool: Pool;
  readonly #retrier: Retrier;
  readonly #credentials: Credentials;
  readonly #calls: Calls;
  readonly #bulk: BulkInserter;

  /** @throws PostgresError `POSTGRES_INVALID` whose `issues` lists every option that is wrong. */
  constructor(options: PostgresAdapterOptions = {}) {
    this.#options = resolveOptions(options);
    this.#credentials = new Credentials(this.#options.password);
    const connector = new Connector(this.#options, this.#credentials);
    this.#pool = new Pool(this.#options, connector, cancelRequests(this.#options, this.#options.clock));
    this.#retrier = new Retrier(this.#options, this.#credentials);
    this.#calls = new Calls(this.#pool, this.#retrier);
    this.#bulk = new BulkInserter(this.#calls);
  }

  /**
   * Options from `CHIMERA_POSTGRES_URL` or the standard `PG…` variables, with one `CHIMERA_POSTGRES_…` variable
   * for each word of the pool; `overrides` win.
   *
   * @throws PostgresError `POSTGRES_INVALID` whose `issues` lists every variable that is wrong, never a value.
   */
  static fromEnv(
    environment: Environment = process.env,
    overrides: PostgresAdapterOptions = {},
  ): PostgresAdapter {
    return new PostgresAdapter({ ...optionsFromEnvironment(environment), ...overrides });
  }

  async query<Row = Record<string, unknown>>(
    statement: SqlStatement,
    options?: QueryOptions,
  ): Promise<QueryResult<Row>>;
  async query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryResult<Row>>;
  async query<Row>(
    first: SqlStatement | string,
    second?: readonly unknown[] | QueryOptions,
    third?: QueryOptions,
  ): Promise<QueryResult<Row>> {
    const { statement, options } = readQueryCall(first, second, third);
    // Awaited, not returned: the stack of an error then leads to the caller.
    const limits = limitsOf(options, this.#options);
    const result = await this.#calls.run(statement, limits, options.idempotent ?? false);
    return readResult<Row>(result);
  }

  /**
   * Runs `work` in a transaction: commits when it resolves, rolls back when it rejects.
   *
   * After a conflict, a deadlock, a failover or a connection lost before COMMIT the whole function runs again, so
   * it must touch nothing but the database, or bear a repetition.
   *
   * @throws whatever `work` threw; PostgresError, where `OUTCOME_UNKNOWN` means that the answer to COMMIT was lost.
   */
  async transaction<Result>(
    work: (transaction: Transaction) => Promise<Result>,
    options: TransactionOptions = {},
  ): Promise<Result> {
    checkTransactionOptions(options);
    const limits = limitsOf(options, this.#options);
    const { idempotent = options.readOnly ?? false, maxAttempts } = options;
    const settle = async (error: unknown): Promise<Result> => {
      if (!(error instanceof LostCommit) || options.verify === undefined) throw error;
      return (await settleLostCommit(this, error, options.verify, this.#options.clock, limits)) as Result;
    };
    const result = await this.#calls.withClient(
      { limits, idempotent, maxAttempts },
      async (client) => runTransaction(client, work, options, limits, this.#credentials),
      settle,
    );
    return result;
  }

  /**
   * Stores rows, all or none, by the fastest way for their number. What is not given for a column is NULL, not the
   * column's default.
   *
   * @throws PostgresError, as `query` does.
   */
  async bulkInsert(
    table: TableName,
    rows: readonly BulkRow[],
    options: BulkInsertOptions = {},
  ): Promise<BulkInsertResult> {
    const plan = planBulkInsert(table, rows, options);
    if (rows.length === 0) return { rowCount: 0, strategy: plan.strategy };
    if (plan.isSplit)
      return this.transaction(async (transaction) => transaction.bulkInsert(table, rows, options), options);
    const limits = limitsOf(options, this.#options);
    const result = await this.#bulk.insert(plan, limits, options.idempotent ?? false);
    return result;
  }

  /**
   * Rows one by one, fetched `batchRows` at a time over a cursor, in constant memory. Keeps a client until the loop
   * is left. The deadline is for the start alone; a connection lost on the way ends the loop with an error. Read
   * a statement that changes data to its end: one that is lost as the loop is left says nothing.
   *
   * @throws PostgresError, as `query` does: `OUTCOME_UNKNOWN` when the connection was lost behind the last row.
   */
  stream<Row = Record<string, unknown>>(
    statement: SqlStatement,
    options?: StreamOptions,
  ): AsyncGenerator<Row, void, undefined>;
  stream<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncGenerator<Row, void, undefined>;
  async *stream<Row>(
    first: SqlStatement | string,
    second?: readonly unknown[] | StreamOptions,
    third?: StreamOptions,
  ): AsyncGenerator<Row, void, undefined> {
    const { statement, options } = readQueryCall<StreamOptions>(first, second, third);
    const { batchRows = 500 } = options;
    const issue = integerIssue("batchRows", batchRows, { min: 1, max: 100_000 });
    if (issue !== undefined) throw new PostgresError("POSTGRES_INVALID", issue);
    const limits = limitsOf(options, this.#options);
    const call = { limits, idempotent: options.idempotent ?? false };
    const client = await this.#calls.take(call);
    try {
      const whole = { deadlineAt: Infinity, signal: limits.signal };
      yield* streamRows(client, statement, batchRows, whole, this.#options.clock) as AsyncGenerator<
        Row,
        void
      >;
    } catch (error) {
      throw this.#retrier.report(error, call);
    } finally {
      this.#calls.giveBack(client);
    }
  }

  /** Asks the server whether it serves, and for what. Never rejects. Takes a client like any other call. */
  async health(options: CallOptions = {}): Promise<PostgresHealth> {
    return checkHealth(this, this.#options.clock, options);
  }

  /** Counts at this moment; costs nothing on the server. */
  metrics(): PostgresMetrics {
    return { pool: this.#pool.metrics(), retries: this.#retrier.counts };
  }

  /**
   * Takes no new calls, waits at most `deadlineMs` (default 10_000) for those under way, then cuts them. Never
   * rejects, and may be called again.
   */
  async close({ deadlineMs = 10_000 }: { readonly deadlineMs?: number } = {}): Promise<void> {
    await this.#pool.close(deadlineMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
