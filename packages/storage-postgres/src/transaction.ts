import { choiceIssue } from "@chimera/dlq";
import type { BulkInsertOptions, BulkInsertResult } from "./bulk/bulk-insert.ts";
import type { BulkRow, TableName } from "./bulk/columns.ts";
import type { Credentials } from "./credentials.ts";
import { PostgresError } from "./errors.ts";
import type { Limits } from "./failure.ts";
import { Failure, LostCommit } from "./failure.ts";
import type { DriverResult, PooledClient } from "./pooled-client.ts";
import type { CallOptions, QueryRunner } from "./query.ts";
import { TransactionScope } from "./transaction-scope.ts";
import { TransactionSession } from "./transaction-session.ts";
import { SERVER_LIFE } from "./server-life.ts";
import type { TransactionMark } from "./server-life.ts";

/** How far a transaction is kept from others (PostgreSQL documentation, 13.2). */
export type Isolation = "read committed" | "repeatable read" | "serializable";

const ISOLATIONS: readonly Isolation[] = ["read committed", "repeatable read", "serializable"];

/** Milliseconds for a ROLLBACK; a session that takes longer is cut, which rolls back as well. */
const ROLLBACK_MS = 2_000;

/** Options of a transaction. */
export interface TransactionOptions extends CallOptions {
  /** @defaultValue the server's, by itself "read committed" */
  readonly isolation?: Isolation;
  /** Lets the server refuse every write; such a transaction may always be repeated. @defaultValue false */
  readonly readOnly?: boolean;
  /** Whether it may run again after the answer to COMMIT was lost. @defaultValue the value of `readOnly` */
  readonly idempotent?: boolean;
  /**
   * Finds out what became of a COMMIT whose answer was lost. `"status"` asks the server for the transaction's
   * number before COMMIT (one more round trip) and for its fate afterwards (`pg_xact_status`, PostgreSQL 13);
   * after a crash of the server, or the promotion of a replica that was behind, it cannot tell a success. A function
   * answers whether the effect is there; it is asked once the server's process is done with the COMMIT. Behind a pooler,
   * which hides that process, it must wait by itself, such as for a lock that the transaction took.
   * Found committed, the call resolves; found undone, it runs again; not found out, it rejects with `OUTCOME_UNKNOWN`.
   */
  readonly verify?: "status" | ((runner: QueryRunner) => Promise<boolean>);
  /** Tries in all, the first included, >= 1. @defaultValue the adapter's `retry.maxAttempts` */
  readonly maxAttempts?: number;
}

/** A transaction under way. Statements run one after the other, in the order of the calls. */
export interface Transaction extends QueryRunner {
  /**
   * Runs `work` behind a savepoint: when it rejects, only what it did is undone, and this transaction goes on
   * if the caller catches. While it runs, only the transaction that it was given may be used.
   */
  transaction<Result>(work: (nested: Transaction) => Promise<Result>): Promise<Result>;
  /** Stores rows as a part of this transaction. @throws PostgresError */
  bulkInsert(
    table: TableName,
    rows: readonly BulkRow[],
    options?: Omit<BulkInsertOptions, keyof CallOptions | "idempotent">,
  ): Promise<BulkInsertResult>;
}

/** One try of a transaction on one client. @throws Failure; or what `work` threw. */
export async function runTransaction<Result>(
  client: PooledClient,
  work: (transaction: Transaction) => Promise<Result>,
  options: TransactionOptions,
  limits: Limits,
  credentials: Credentials,
): Promise<Result> {
  const session = new TransactionSession(client, limits, credentials, options.readOnly ?? false);
  const scope = new TransactionScope(session);
  let value: Result;
  let mark: TransactionMark | undefined;
  try {
    await session.run({ text: beginText(options) });
    value = await work(scope);
    await scope.end();
    session.throwIfDoomed();
    client.throwIfOver(limits);
    if (options.verify === "status") mark = await markOf(session);
  } catch (error) {
    await scope.end();
    await rollback(client);
    // What the function threw may be its own wording of a conflict that another try resolves.
    session.throwIfDoomed();
    throw session.causeOf(error);
  }
  const { command } = await commit(client, limits, value, mark);
  if (command !== "ROLLBACK") return value;
  // So the server answers when a statement had failed and the function had swallowed it: no error by itself.
  throw session.causeOf(session.swallowed ?? rolledBackUnasked());
}

function rolledBackUnasked(): PostgresError {
  return new PostgresError("QUERY_REFUSED", "The server rolled back instead of committing");
}

/** @throws PostgresError `POSTGRES_INVALID` */
export function checkTransactionOptions({ isolation, maxAttempts }: TransactionOptions): void {
  const issue = isolation === undefined ? undefined : choiceIssue("isolation", isolation, ISOLATIONS);
  if (issue !== undefined) throw new PostgresError("POSTGRES_INVALID", issue, { issues: [issue] });
  if (maxAttempts !== undefined && !(maxAttempts >= 1))
    throw new PostgresError("POSTGRES_INVALID", "Expected `maxAttempts` to be >= 1");
}

function beginText({ isolation, readOnly }: TransactionOptions): string {
  const words = ["begin"];
  if (isolation !== undefined) words.push("isolation level", isolation);
  if (readOnly === true) words.push("read only");
  return words.join(" ");
}

async function markOf(session: TransactionSession): Promise<TransactionMark> {
  const text = `select pg_current_xact_id_if_assigned()::text as xid, ${SERVER_LIFE} as life`;
  const { rows } = await session.run({ text });
  return rows[0] as unknown as TransactionMark;
}

async function commit(
  client: PooledClient,
  limits: Limits,
  value: unknown,
  mark: TransactionMark | undefined,
): Promise<DriverResult> {
  try {
    return await client.run({ text: "commit" }, limits);
  } catch (error) {
    const isOpen = error instanceof Failure && error.isOpen;
    throw isOpen ? new LostCommit(error, value, mark, client.processId) : error;
  }
}

/** Never rejects: a session whose ROLLBACK fails is not used again, and its end rolls back. */
async function rollback(client: PooledClient): Promise<void> {
  if (client.lost) return;
  try {
    await client.run({ text: "rollback" }, client.limitsFor(ROLLBACK_MS));
  } catch {
    client.taint("broken");
  }
}
