import type { Calls } from "../calls.ts";
import { PostgresError } from "../errors.ts";
import type { Limits } from "../failure.ts";
import type { BulkInsertResult, BulkPlan } from "./bulk-insert.ts";
import { runBulkInsert } from "./bulk-insert.ts";
import type { RunStatement } from "./columns.ts";
import { ColumnTypes } from "./columns.ts";
import { copyIn } from "./copy-in.ts";

/** Carries plans of one statement out, and remembers the types of the tables it met. */
export class BulkInserter {
  readonly #calls: Calls;
  readonly #types = new ColumnTypes();

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** @throws PostgresError, or the signal's reason. */
  async insert(plan: BulkPlan, limits: Limits, idempotent: boolean): Promise<BulkInsertResult> {
    const ask: RunStatement = async (statement) => this.#calls.run(statement, limits, true);
    try {
      return await this.#insert(plan, limits, idempotent, ask);
    } catch (error) {
      // Refused with types that were right once: the table may have been altered since.
      const refused = error instanceof PostgresError && /^(?:22|42)/.test(error.sqlState ?? "");
      if (!refused || !(await this.#types.haveChanged(plan.table, ask))) throw error;
      return this.#insert(plan, limits, idempotent, ask);
    }
  }

  async #insert(
    plan: BulkPlan,
    limits: Limits,
    idempotent: boolean,
    ask: RunStatement,
  ): Promise<BulkInsertResult> {
    const columns = await this.#types.columns(plan.table, plan.names, ask);
    const result = await this.#calls.withClient({ limits, idempotent }, async (client) =>
      runBulkInsert(plan, columns, {
        run: async (statement) => client.run(statement, limits),
        copyIn: async (text, chunks) => copyIn(client, text, chunks, limits),
      }),
    );
    return result;
  }
}
