import type { Clock } from "@chimera/dlq";
import Cursor from "pg-cursor";
import type { Limits } from "./failure.ts";
import type { PooledClient, Statement } from "./pooled-client.ts";

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
  { text, values }: Statement,
  batchRows: number,
  limits: Limits,
  clock: Clock,
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  const guard = client.guard(limits);
  let cursor: Cursor<Record<string, unknown>> | undefined;
  let isAtEnd = false;
  try {
    cursor = client.submit(new Cursor<Record<string, unknown>>(text, values as unknown[]));
    while (!isAtEnd) {
      const rows = await client.untilLost(cursor.read(batchRows));
      isAtEnd = rows.length < batchRows;
      yield* rows;
    }
  } catch (error) {
    isAtEnd = true;
    throw client.failureOf(error, guard.interruption);
  } finally {
    guard.end();
    if (cursor !== undefined && !isAtEnd) await close(cursor, client, clock);
  }
}

async function close(cursor: Cursor, client: PooledClient, clock: Clock): Promise<void> {
  if (client.lost) return;
  const timer = clock.schedule(() => client.destroy(), CLOSE_MS);
  try {
    await client.untilLost(cursor.close());
  } catch {
    // Its end has closed the cursor too.
  } finally {
    timer.cancel();
  }
}
