import type { Clock } from "@chimera/dlq";
import { isRetryable, sleep } from "@chimera/dlq";
import type { Limits, LostCommit } from "./failure.ts";
import { LostTransaction } from "./failure.ts";
import type { QueryRunner } from "./query.ts";
import { SERVER_LIFE } from "./server-life.ts";
import type { TransactionOptions } from "./transaction.ts";

/** Milliseconds for the question where the call has no deadline: a restart takes less. */
const PATIENCE_MS = 60_000;
/** Milliseconds between two questions. */
const ASK_AGAIN_MS = 200;

/** Idle it has ended its COMMIT, whether or not it noticed that nobody listens. */
const STILL_BUSY = `select from pg_stat_activity
  where pid = $1::int and usename = session_user and pid <> pg_backend_pid() and state is distinct from 'idle'`;

/**
 * Finds out what became of a COMMIT whose answer was lost: answers the transaction's value when it took effect.
 *
 * @throws LostTransaction when it did not, so that it runs again; the failure itself when nobody could tell.
 */
export async function settleLostCommit(
  runner: QueryRunner,
  lost: LostCommit,
  verify: NonNullable<TransactionOptions["verify"]>,
  clock: Clock,
  { deadlineAt, signal }: Limits,
): Promise<unknown> {
  const untilMs = Math.min(deadlineAt, clock.monotonic() + PATIENCE_MS);
  for (;;) {
    const remainingMs = untilMs - clock.monotonic();
    if (remainingMs <= 0 || signal?.aborted === true) throw lost;
    const verdict = await ask(runner, lost, verify, remainingMs);
    if (verdict === "committed") return lost.value;
    if (verdict === "undone") throw new LostTransaction(lost.kind, lost.driverError, lost.interruption);
    if (verdict === "untold") throw lost;
    // An abort ends the asking, and leaves open what became of the COMMIT.
    await sleep(clock, ASK_AGAIN_MS, signal).catch(() => {});
  }
}

async function ask(
  runner: QueryRunner,
  { mark, processId }: LostCommit,
  verify: NonNullable<TransactionOptions["verify"]>,
  deadlineMs: number,
): Promise<"committed" | "undone" | "ask again" | "untold"> {
  try {
    const call = { idempotent: true, deadlineMs };
    if (typeof verify === "function") {
      // Its connection is lost, and the server's process goes on: what is not there yet may be there in a moment.
      if ((await runner.query(STILL_BUSY, [processId], call)).rowCount > 0) return "ask again";
      return (await verify(runner)) ? "committed" : "undone";
    }
    if (mark === undefined) return "untold";
    // A transaction without a number has written nothing.
    if (mark.xid === null) return "undone";
    const text = `select pg_xact_status($1::xid8) as status, ${SERVER_LIFE} as life`;
    const { rows } = await runner.query<{ status: string | null; life: string }>(text, [mark.xid], call);
    const [answer] = rows;
    if (answer?.status === "in progress") return "ask again";
    if (answer?.status === "aborted") return "undone";
    // In another life of the server the number may be a stranger's.
    return answer?.status === "committed" && answer.life === mark.life ? "committed" : "untold";
  } catch (error) {
    return isRetryable(error) ? "ask again" : "untold";
  }
}
