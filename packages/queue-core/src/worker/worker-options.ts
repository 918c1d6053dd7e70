import {
  integerIssue,
  issuesOf,
  type BackoffOptions,
  type Clock,
  type DeadLetterStore,
  type Logger,
} from "@chimera/dlq";
import { resolveBackoff, throwIssues } from "../queue-options.ts";

/** When and how often a failed job is tried again. */
export interface RetryOptions extends BackoffOptions {
  /** Failures after which the job becomes a dead letter, the first included, 1 to 1_000. @defaultValue 5 */
  readonly maxAttempts?: number;
}

/** At most `max` starts in any `perMs` milliseconds, in this worker. */
export interface RateLimitOptions {
  /** 1 to 1_000_000. */
  readonly max: number;
  /** 1 to 86_400_000. */
  readonly perMs: number;
}

export interface WorkerOptions {
  /**
   * Where jobs go that will not be tried again. Required: only you know where they will be found.
   * `LocalQueue` has a default for development.
   */
  readonly deadLetters: DeadLetterStore;
  /** Handlers that run at a time, 1 to 10_000. @defaultValue 10 */
  readonly concurrency?: number;
  /** Milliseconds one attempt may take before it counts as failed, 0 (no limit) to 86_400_000. @defaultValue 1_800_000 */
  readonly timeoutMs?: number;
  /** Milliseconds after which the jobs of a crashed worker are delivered again, 100 to 86_400_000. @defaultValue 30_000 */
  readonly leaseMs?: number;
  /** Most jobs fetched ahead of the handlers, 0 to 10_000; fewer while it would hold more than 100 ms of work. @defaultValue 1_000 */
  readonly prefetch?: number;
  readonly limit?: RateLimitOptions;
  readonly retry?: RetryOptions;
}

/** How batches are put together, beside what every worker takes. */
export interface BatchWorkerOptions extends WorkerOptions {
  /** Batches that run at a time, 1 to 1_000. @defaultValue 1 */
  readonly concurrency?: number;
  /** Most jobs of a batch, 1 to 1_000. @defaultValue 100 */
  readonly maxBatch?: number;
  /** Milliseconds a batch waits to be full after its first job came, 0 to 60_000. @defaultValue 100 */
  readonly maxWaitMs?: number;
}

/** What a worker takes over from its queue. */
export interface WorkerSurroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Worker options with every default filled in. */
export interface ResolvedWorkerOptions {
  readonly deadLetters: DeadLetterStore;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly leaseMs: number;
  readonly prefetch: number;
  readonly limit: RateLimitOptions | undefined;
  readonly maxAttempts: number;
  readonly backoff: Required<BackoffOptions>;
}

/** Enough to hide a database's latency, few enough not to exhaust its connections. */
const DEFAULT_CONCURRENCY = 10;
/** No handler may hold its slot for ever; asynq's half hour. */
const DEFAULT_TIMEOUT_MS = 1_800_000;
const DEFAULT_LEASE_MS = 30_000;
/** Four fetches of 250: with less, client and server fall into lockstep on Redis. */
const DEFAULT_PREFETCH = 1_000;
const DEFAULT_MAX_ATTEMPTS = 5;
const DAY_MS = 86_400_000;

/** @throws QueueError `QUEUE_INVALID` with every issue. */
export function resolveWorkerOptions(options: WorkerOptions): ResolvedWorkerOptions {
  const { maxAttempts = DEFAULT_MAX_ATTEMPTS, ...backoff } = options.retry ?? {};
  const resolved = {
    deadLetters: options.deadLetters,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    leaseMs: options.leaseMs ?? DEFAULT_LEASE_MS,
    prefetch: options.prefetch ?? DEFAULT_PREFETCH,
    limit: options.limit,
    maxAttempts,
    backoff: resolveBackoff(backoff, "retry."),
  };
  throwIssues(
    issuesOf(
      typeof (options.deadLetters as DeadLetterStore | undefined)?.append === "function"
        ? undefined
        : 'Expected `deadLetters` to be a DeadLetterStore, such as `new FileDeadLetterStore({ path: "dlq.jsonl" })`',
      integerIssue("concurrency", resolved.concurrency, { min: 1, max: 10_000 }),
      integerIssue("timeoutMs", resolved.timeoutMs, { min: 0, max: DAY_MS }),
      integerIssue("leaseMs", resolved.leaseMs, { min: 100, max: DAY_MS }),
      integerIssue("prefetch", resolved.prefetch, { min: 0, max: 10_000 }),
      integerIssue("retry.maxAttempts", maxAttempts, { min: 1, max: 1_000 }),
      resolved.limit && integerIssue("limit.max", resolved.limit.max, { min: 1, max: 1_000_000 }),
      resolved.limit && integerIssue("limit.perMs", resolved.limit.perMs, { min: 1, max: DAY_MS }),
    ),
  );
  return Object.freeze(resolved);
}

/** Batch options with every default filled in. */
export interface ResolvedBatchOptions {
  /** Batches that run at a time. */
  readonly batches: number;
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  /** For the worker as a whole: its `concurrency` counts jobs. */
  readonly worker: ResolvedWorkerOptions;
}

/** @throws QueueError `QUEUE_INVALID` with every issue. */
export function resolveBatchOptions(options: BatchWorkerOptions): ResolvedBatchOptions {
  const { concurrency: batches = 1, maxBatch = 100, maxWaitMs = 100, ...rest } = options;
  throwIssues(
    issuesOf(
      integerIssue("concurrency", batches, { min: 1, max: 1_000 }),
      integerIssue("maxBatch", maxBatch, { min: 1, max: 1_000 }),
      integerIssue("maxWaitMs", maxWaitMs, { min: 0, max: 60_000 }),
    ),
  );
  const worker = Object.freeze({ ...resolveWorkerOptions(rest), concurrency: batches * maxBatch });
  return { batches, maxBatch, maxWaitMs, worker };
}
