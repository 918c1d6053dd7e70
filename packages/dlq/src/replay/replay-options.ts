import type { DeadLetterFilter } from "../dead-letter-store.ts";
import { DlqError } from "../errors.ts";
import { backoffIssues, type BackoffOptions } from "../foundation/backoff.ts";
import { systemClock, type Clock } from "../foundation/clock.ts";
import { integerIssue, issuesOf, numberIssue } from "../foundation/options.ts";
import type { ReplayCheckpoint, ReplayProgress } from "./checkpoint.ts";

/** Options of `replay`. */
export interface ReplayOptions {
  /** Which letters; the dead ones unless it says otherwise. @defaultValue {} */
  readonly filter?: DeadLetterFilter;
  /** Only counts what would be sent. Nothing is locked, sent, marked or noted. @defaultValue false */
  readonly dryRun?: boolean;
  /** Letters a second that are sent at most, > 0. @defaultValue no limit */
  readonly ratePerSecond?: number;
  /** Calls of `target.take` at the same time, 1 to 1_000. @defaultValue 4 */
  readonly concurrency?: number;
  /** Letters of one call of `target.take`, 1 to 10_000. @defaultValue 100 */
  readonly batchSize?: number;
  /** A letter that has been replayed this often is left alone, 1 or more. @defaultValue no limit */
  readonly maxReplays?: number;
  /**
   * Tries of a call when the target says that its surroundings failed (`retryable: true`), 1 to 100.
   * After them the replay ends as `target-unavailable`, and its letters stay as they were. @defaultValue 5
   */
  readonly maxTries?: number;
  /** Waits between these tries. @defaultValue 100 ms, doubling to 30 s, full jitter */
  readonly backoff?: BackoffOptions;
  /** Ends the replay after the calls under way. */
  readonly signal?: AbortSignal;
  /** Called after every batch with the counts so far. What it throws ends the replay. */
  readonly onProgress?: (progress: ReplayProgress) => void;
  /** Where the replay notes how far it is. @defaultValue the store's own, or nowhere */
  readonly checkpoint?: ReplayCheckpoint;
  /** @defaultValue the system's */
  readonly clock?: Clock;
  /** 0 <= random() < 1, for jitter. @defaultValue Math.random */
  readonly random?: () => number;
}

/** Options with every default filled in. */
export interface ResolvedReplayOptions {
  readonly filter: DeadLetterFilter;
  readonly dryRun: boolean;
  readonly ratePerSecond: number;
  readonly concurrency: number;
  readonly batchSize: number;
  readonly maxReplays: number;
  readonly maxTries: number;
  readonly backoff: BackoffOptions;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: ReplayProgress) => void;
  readonly checkpoint: ReplayCheckpoint | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Checks options and fills in the defaults. @throws DlqError `DLQ_INVALID` with every issue. */
export function resolveReplayOptions(options: ReplayOptions): ResolvedReplayOptions {
  const { ratePerSecond = Infinity, concurrency = 4, batchSize = 100, maxReplays = Infinity } = options;
  const { maxTries = 5, backoff = {} } = options;
  const issues = issuesOf(
    ratePerSecond === Infinity ? undefined : numberIssue("ratePerSecond", ratePerSecond, { min: 0.001 }),
    integerIssue("concurrency", concurrency, { min: 1, max: 1_000 }),
    integerIssue("batchSize", batchSize, { min: 1, max: 10_000 }),
    maxReplays === Infinity ? undefined : integerIssue("maxReplays", maxReplays, { min: 1 }),
    integerIssue("maxTries", maxTries, { min: 1, max: 100 }),
    ...backoffIssues(backoff, "backoff."),
  );
  if (issues.length > 0) throw new DlqError("DLQ_INVALID", issues.join("; "), { issues });
  return {
    filter: options.filter ?? {},
    dryRun: options.dryRun ?? false,
    ratePerSecond,
    concurrency,
    batchSize: Math.min(batchSize, Math.max(1, Math.floor(ratePerSecond))),
    maxReplays,
    maxTries,
    backoff,
    signal: options.signal,
    onProgress: options.onProgress ?? (() => {}),
    checkpoint: options.checkpoint,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}
