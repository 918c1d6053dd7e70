import type { BulkInsertOptions, BulkInsertResult } from "./bulk/bulk-insert.ts";
import { planBulkInsert, runBulkInsert } from "./bulk/bulk-insert.ts";
import type { BulkRow, TableName } from "./bulk/columns.ts";
import { PostgresError } from "./errors.ts";
import type { QueryOptions, QueryResult } from "./query.ts";
import { readQueryCall, readResult } from "./query.ts";
import type { SqlStatement } from "./sql.ts";
import type { Transaction } from "./transaction.ts";
import type { TransactionSession } from "./transaction-session.ts";

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

  async bulkInsert(
    table: TableName,
    rows: readonly BulkRow[],
    options: BulkInsertOptions = {},
  ): Promise<BulkInsertResult> {
    const plan = planBulkInsert(table, rows, options);
    return this.inTurn(async () => {
      if (rows.length === 0) return { rowCount: 0, strategy: plan.strategy };
      const columns = await this.#session.types.columns(plan.table, plan.names, this.#session.run);
      return runBulkInsert(plan, columns, this.#session);
    });
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
