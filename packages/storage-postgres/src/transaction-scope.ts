import type { Credentials } from "./credentials.ts";
import { PostgresError } from "./errors.ts";
import type { Limits } from "./failure.ts";
import { Failure, LostTransaction } from "./failure.ts";
import type { DriverResult, PooledClient, Statement } from "./pooled-client.ts";
import type { QueryOptions, QueryResult } from "./query.ts";
import { readQueryCall, readResult } from "./query.ts";
import { reportFailure } from "./report-failure.ts";
import type { SqlStatement } from "./sql.ts";
import { sqlStateOf } from "./sqlstate.ts";
import type { Transaction } from "./transaction.ts";

/** What all scopes of one transaction share: its client and its fate. */
export class TransactionSession {
  readonly client: PooledClient;
  readonly limits: Limits;
  readonly #credentials: Credentials;
  readonly #readOnly: boolean;
  /** What stands behind an error that the function got. */
  readonly #failures = new WeakMap<Error, Failure>();
  #doom: Failure | undefined;
  #swallowed: Error | undefined;
  #savepoints = 0;

  constructor(client: PooledClient, limits: Limits, credentials: Credentials, readOnly: boolean) {
    this.client = client;
    this.limits = limits;
    this.#credentials = credentials;
    this.#readOnly = readOnly;
  }

  /** The last statement error: why COMMIT was answered with ROLLBACK, if it was. */
  get swallowed(): Error | undefined {
    return this.#swallowed;
  }

  /** @throws Failure once this try cannot commit any more, whatever was caught on the way. */
  throwIfDoomed(): void {
    if (this.#doom !== undefined) throw this.#doom;
  }

  /** What the transaction failed with: the failure behind an error of ours, which another try may mend, or the error. */
  causeOf(error: unknown): unknown {
    const failure = error instanceof Error ? this.#failures.get(error) : undefined;
    return failure === undefined || failure.kind === "permanent" ? error : failure;
  }

  nextSavepoint(): string {
    return `chimera_${++this.#savepoints}`;
  }

  /** @throws PostgresError, or the signal's reason. */
  async run(statement: Statement): Promise<DriverResult> {
    return this.use(async () => this.client.run(statement, this.limits));
  }

  /** Lets `step` use the client, and notes what its failure means for the transaction. */
  async use<Result>(step: () => Promise<Result>): Promise<Result> {
    try {
      this.throwIfDoomed();
      return await step();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const failure = this.#read(error);
      if (dooms(failure)) this.#doom ??= failure;
      const { signal } = this.limits;
      const context = { attempts: 1, idempotent: true, signal, credentials: this.#credentials };
      this.#swallowed = reportFailure(failure, context);
      this.#failures.set(this.#swallowed, failure);
      throw this.#swallowed;
    }
  }

  /** What a failure means inside a transaction. */
  #read(failure: Failure): Failure {
    const { kind, driverError, interruption } = failure;
    if (failure.isOpen) return new LostTransaction(kind, driverError, interruption);
    // The server says what the caller asked for: this one is not to write.
    return kind === "failover" && this.#readOnly ? new Failure("permanent", driverError) : failure;
  }
}

/** Whether the transaction cannot go on, not even behind a savepoint. A lock that was not to be had can be caught. */
function dooms({ kind, interruption, driverError }: Failure): boolean {
  if (kind === "permanent") return false;
  return (
    kind !== "rolled-back" || interruption !== undefined || sqlStateOf(driverError)?.startsWith("40") === true
  );
}

/** The transaction as its function sees it, or one savepoint of it. */
export class TransactionScope implements Transaction {
  readonly #session: TransactionSession;
  /** The end of the last call: the driver takes one statement at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;
  #hasNested = false;

  constructor(session: TransactionSession) {
    this.#session = session;
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
    const { statement } = readQueryCall(first, second, third);
    return this.inTurn(async () => readResult<Row>(await this.#session.run(statement)));
  }

  async transaction<Result>(work: (nested: Transaction) => Promise<Result>): Promise<Result> {
    const turn = this.inTurn(async () => this.#behindSavepoint(work));
    this.#hasNested = true;
    try {
      return await turn;
    } finally {
      this.#hasNested = false;
    }
  }

  /** Runs `step` after the calls before it. */
  async inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    if (this.#isOver)
      throw new PostgresError("POSTGRES_INVALID", "The transaction is over; was a call not awaited?");
    if (this.#hasNested)
      throw new PostgresError(
        "POSTGRES_INVALID",
        "A nested transaction is running; use the one it was given",
      );
    const turn = this.#last.then(step);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Takes no more calls, and waits for those that were made. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#last;
  }

  async #behindSavepoint<Result>(work: (nested: Transaction) => Promise<Result>): Promise<Result> {
    const savepoint = this.#session.nextSavepoint();
    await this.#session.run({ text: `savepoint ${savepoint}` });
    const nested = new TransactionScope(this.#session);
    try {
      const result = await work(nested);
      await nested.end();
      // With a failed statement inside, swallowed or not, the server refuses this and all is undone below.
      await this.#session.run({ text: `release savepoint ${savepoint}` });
      return result;
    } catch (error) {
      await nested.end();
      await this.#session.run({ text: `rollback to savepoint ${savepoint}` });
      throw error;
    }
  }
}
