import type { Clock } from "@chimera/dlq";
import { mayCommitInside, withDoubt } from "./commits-inside.ts";
import { LostTransaction } from "./failure.ts";
import type { Failure, Limits } from "./failure.ts";
import type { PooledClient, Statement } from "./pooled-client.ts";
import { RowCursor } from "./row-cursor.ts";

/** Milliseconds that an abandoned cursor has to close before its connection is cut. */
const CLOSE_MS = 2_000;

/**
 * Rows of one statement, fetched `batchRows` at a time as they are consumed. Leaving the loop closes the cursor.
 *
 * On `pg-cursor` itself: `pg-query-stream`, which wraps it, waits for ever once its connection is lost.
 *
 * @throws Failure
 */
export async function* streamRows(
  client: PooledClient,
  statement: Statement,
  batchRows: number,
  limits: Limits,
  clock: Clock,
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  const guard = client.guard(limits);
  const cursor = new RowCursor(statement.text, statement.values as unknown[]);
  let isAtEnd = true;
  try {
    client.submit(cursor);
    isAtEnd = false;
    while (!isAtEnd) {
      const rows = await client.untilLost(cursor.fetch(batchRows));
      isAtEnd = rows.length < batchRows;
      yield* rows;
    }
  } catch (error) {
    isAtEnd = true;
    throw judged(client.failureOf(error, guard.interruption), cursor, statement);
  } finally {
    guard.end();
    if (!isAtEnd) await leave(cursor, client, clock);
  }
}

/** What a failure leaves open of the statement's effect. */
function judged(failure: Failure, { mayBeCommitted }: RowCursor, statement: Statement): Failure {
  const wasForgotten = failure.isOpen && !mayBeCommitted && !mayCommitInside(statement.text);
  return wasForgotten
    ? new LostTransaction(failure.kind, failure.driverError, failure.interruption)
    : withDoubt(failure, statement);
}

/** @throws Failure when the server refused to keep what the statement had changed. */
async function leave(cursor: RowCursor, client: PooledClient, clock: Clock): Promise<void> {
  if (client.lost) return;
  const timer = clock.schedule(() => client.destroy(), CLOSE_MS);
  try {
    await client.untilLost(cursor.leave());
  } catch {
    // Its end has closed the cursor too.
  } finally {
    timer.cancel();
  }
  if (cursor.refusal !== undefined && !client.lost) throw client.failureOf(cursor.refusal);
}
