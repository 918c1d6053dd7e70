import type { DeadLetterReason } from "../dead-letter.ts";
import type { DeadLetterLock, DeadLetterStore } from "../dead-letter-store.ts";
import type { ReplayTarget } from "../replay-target.ts";
import { noCheckpoint, type ReplayIdentity, type ReplayProgress } from "./checkpoint.ts";
import { resolveReplayOptions, type ReplayOptions, type ResolvedReplayOptions } from "./replay-options.ts";
import { ReplayRun, TargetUnavailable } from "./replay-run.ts";

/** How a replay ended. */
export type ReplayEnd =
  /** Every letter that matched was dealt with. */
  | "done"
  /** Nothing was sent: a dry run. */
  | "dry-run"
  /** The signal aborted. Run it again to go on. */
  | "aborted"
  /** The target could not take anything, try after try. Run it again to go on. */
  | "target-unavailable";

/** What a replay did, over all its runs since it first began. */
export interface ReplayReport extends ReplayProgress {
  readonly ended: ReplayEnd;
  /** Whether it went on where an earlier run had been cut short. */
  readonly resumed: boolean;
  /** Letters that matched and that this run met, by reason. */
  readonly matched: Readonly<Partial<Record<DeadLetterReason, number>>>;
  /** The last error of a target that was unavailable. */
  readonly error?: unknown;
}

/**
 * Sends dead letters back to where they were meant to go, each marked only after the target took it.
 *
 * Cut short at any point and run again, every letter is sent at least once, under the same `replayId` each time: a
 * target that refuses an id it has seen takes it exactly once. A letter that fails again goes back to the end of the
 * store with its history and one replay more, and is not sent again by the same replay. Letters given up after the
 * replay began are left for the next one. Memory is `concurrency` times `batchSize` letters.
 *
 * @throws DlqError `DLQ_INVALID` for options; `DLQ_LOCKED` (retryable) while another replay or a purge holds the
 * store; and what the store throws. Letters that were taken and not marked by then are answered `duplicate` next time.
 */
export async function replay(
  store: DeadLetterStore,
  target: ReplayTarget,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  const resolved = resolveReplayOptions(options);
  if (resolved.dryRun) return dryRun(store, resolved);
  const lock = await store.lock?.(resolved.signal === undefined ? {} : { signal: resolved.signal });
  try {
    return await run(store, target, resolved, lock);
  } finally {
    await lock?.release();
  }
}

async function dryRun(
  store: DeadLetterStore,
  { filter, clock }: ResolvedReplayOptions,
): Promise<ReplayReport> {
  const { byReason } = await store.stats(filter);
  const startedAt = new Date(clock.now()).toISOString();
  return { ended: "dry-run", resumed: false, matched: byReason, ...noneYet(startedAt) };
}

async function run(
  store: DeadLetterStore,
  target: ReplayTarget,
  options: ResolvedReplayOptions,
  lock: DeadLetterLock | undefined,
): Promise<ReplayReport> {
  const { clock, filter, signal } = options;
  const checkpoint = options.checkpoint ?? store.checkpoint ?? noCheckpoint;
  const identity: ReplayIdentity = { target: target.name, filter: JSON.stringify(filter) };
  const save = async (counts: ReplayProgress): Promise<void> => checkpoint.save(identity, counts);
  const earlier = await checkpoint.load(identity);
  const startedAt = new Date(clock.now()).toISOString();
  // Those left alone are met, and counted, again.
  const progress = earlier === undefined ? noneYet(startedAt) : { ...earlier, skipped: 0 };
  // Before anything is sent: a resumed run must know which letters came back since this moment.
  if (earlier === undefined) await save(progress);
  const signals = [signal, lock?.signal].filter((each) => each !== undefined);
  const letters = new ReplayRun(store, target, options, { progress, signals, save });
  const stopped = await letters.run().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const report = { resumed: earlier !== undefined, matched: letters.matched, ...letters.progress };
  if (stopped === undefined) {
    await checkpoint.clear();
    return { ended: "done", ...report };
  }
  await save(letters.progress);
  if (stopped.error instanceof TargetUnavailable) {
    return { ended: "target-unavailable", ...report, error: stopped.error.cause };
  }
  if (signal?.aborted === true && stopped.error === signal.reason) return { ended: "aborted", ...report };
  throw stopped.error;
}

function noneYet(startedAt: string): ReplayProgress {
  return { startedAt, taken: 0, duplicates: 0, failed: 0, skipped: 0 };
}
