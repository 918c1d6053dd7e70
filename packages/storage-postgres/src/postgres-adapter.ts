import type { Environment } from "@chimera/dlq";
import { integerIssue } from "@chimera/dlq";
import type { BulkInsertOptions, BulkInsertResult, BulkPlan } from "./bulk/bulk-insert.ts";
import { planBulkInsert, runBulkInsert } from "./bulk/bulk-insert.ts";
import type { BulkRow, RunStatement, TableName } from "./bulk/columns.ts";
import { ColumnTypes } from "./bulk/columns.ts";
import { copyIn } from "./bulk/copy-in.ts";
import { cancelRequests } from "./cancel-request.ts";
import { Connector } from "./connector.ts";
import { Credentials } from "./credentials.ts";
import { optionsFromEnvironment } from "./environment.ts";
import { PostgresError } from "./errors.ts";
import { Failure, LostCommit } from "./failure.ts";
import type { Limits } from "./failure.ts";
import type { PostgresHealth } from "./health.ts";
import { checkHealth } from "./health.ts";
import { settleLostCommit } from "./lost-commit.ts";
import type { PostgresAdapterOptions, ResolvedOptions } from "./options.ts";
import { resolveOptions } from "./options.ts";
import { Pool } from "./pool.ts";
import type { PoolMetrics } from "./pool-metrics.ts";
import type { DriverResult, PooledClient, Statement } from "./pooled-client.ts";
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
  readonly #types = new ColumnTypes();

  /** @throws PostgresError `POSTGRES_INVALID` whose `issues` lists every option that is wrong. */
  constructor(options: PostgresAdapterOptions = {}) {
    this.#options = resolveOptions(options);
    this.#credentials = new Credentials(this.#options.password);
    const connector = new Connector(this.#options, this.#credentials);
    this.#pool = new Pool(this.#options, connector, cancelRequests(this.#options, this.#options.clock));
    this.#retrier = new Retrier(this.#options, this.#credentials);
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
    const result = await this.#run(statement, limitsOf(options, this.#options), options.idempotent ?? false);
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
    const result = await this.#retrier.run({ limits, idempotent, maxAttempts }, async () => {
      try {
        return await this.#withClient(limits, async (client) =>
          runTransaction(client, work, options, limits, this.#credentials),
        );
      } catch (error) {
        if (!(error instanceof LostCommit) || options.verify === undefined) throw error;
        // Behind #withClient: the question needs a client, and the last one may just have been given back.
        return (await settleLostCommit(this, error, options.verify, this.#options.clock, limits)) as Result;
      }
    });
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
    const ask = async (statement: Statement): Promise<DriverResult> => this.#run(statement, limits, true);
    try {
      return await this.#insert(plan, limits, options.idempotent ?? false, ask);
    } catch (error) {
      // Refused with types that were right once: the table may have been altered since.
      const refused = error instanceof PostgresError && /^(?:22|42)/.test(error.sqlState ?? "");
      if (!refused || !(await this.#types.haveChanged(plan.table, ask))) throw error;
      return this.#insert(plan, limits, options.idempotent ?? false, ask);
    }
  }

  /**
   * Rows one by one, fetched `batchRows` at a time over a cursor, in constant memory. Keeps a client until the loop
   * is left. The deadline is for the start alone; a connection lost on the way ends the loop with an error.
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
    const call = { limits, idempotent: true };
    const client = await this.#retrier.run(call, async () => this.#take(limits));
    try {
      const whole = { deadlineAt: Infinity, signal: limits.signal };
      yield* streamRows(client, statement, batchRows, whole, this.#options.clock) as AsyncGenerator<
        Row,
        void
      >;
    } catch (error) {
      throw this.#retrier.report(error, call);
    } finally {
      this.#pool.giveBack(client);
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

  /** The way of nearly every call: written out as a loop, since each layer of promises shows at this speed. */
  async #run(statement: Statement, limits: Limits, idempotent: boolean): Promise<DriverResult> {
    for (let attempts = 1; ; attempts++) {
      let client: PooledClient | undefined;
      try {
        client = this.#pool.takeWarm() ?? (await this.#pool.take(limits));
        const result = await client.run(statement, limits);
        if (client.unfitReason === "left-in-transaction") throw leftInTransaction();
        return result;
      } catch (error) {
        this.#noteFailover(error, client);
        // Before waiting for the next try: somebody else can use it meanwhile.
        this.#giveBack(client);
        client = undefined;
        await this.#retrier.waitForNext(error, attempts, { limits, idempotent });
      } finally {
        this.#giveBack(client);
      }
    }
  }

  async #insert(
    plan: BulkPlan,
    limits: Limits,
    idempotent: boolean,
    ask: RunStatement,
  ): Promise<BulkInsertResult> {
    const columns = await this.#types.columns(plan.table, plan.names, ask);
    const result = await this.#retrier.run({ limits, idempotent }, async () =>
      this.#withClient(limits, async (client) =>
        runBulkInsert(plan, columns, {
          run: async (statement) => client.run(statement, limits),
          copyIn: async (text, chunks) => copyIn(client, text, chunks, limits),
        }),
      ),
    );
    return result;
  }

  async #take(limits: Limits): Promise<PooledClient> {
    return this.#pool.takeWarm() ?? (await this.#pool.take(limits));
  }

  async #withClient<Result>(limits: Limits, use: (client: PooledClient) => Promise<Result>): Promise<Result> {
    const client = await this.#take(limits);
    try {
      return await use(client);
    } catch (error) {
      this.#noteFailover(error, client);
      throw error;
    } finally {
      this.#pool.giveBack(client);
    }
  }

  #giveBack(client: PooledClient | undefined): void {
    if (client !== undefined) this.#pool.giveBack(client);
  }

  /** A server that takes only reads has been replaced: so must be every session with it. */
  #noteFailover(error: unknown, client: PooledClient | undefined): void {
    if (!(error instanceof Failure) || error.kind !== "failover") return;
    client?.taint("flushed");
    this.#pool.flush();
  }
}

/** The next statement would run on another client, outside of it, and be committed at once. */
function leftInTransaction(): PostgresError {
  return new PostgresError(
    "POSTGRES_INVALID",
    "The statement left a transaction open, which was rolled back; use transaction()",
  );
}
