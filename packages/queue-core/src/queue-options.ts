import {
  backoffIssues,
  DEFAULT_BACKOFF,
  integerIssue,
  issuesOf,
  stderrLogger,
  systemClock,
  type BackoffOptions,
  type Clock,
  type Logger,
} from "@chimera/dlq";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { jsonCodec, type Codec } from "./codec.ts";
import { QueueError } from "./errors.ts";
import { createJobIds } from "./job-id.ts";
import type { PressureOptions } from "./pressure.ts";
import type { Priority } from "./protocol.ts";

/** How a queue turns payloads into jobs. */
export interface QueueOptions<In = unknown, Out = In> {
  /** Any Standard Schema: checked when a payload comes in and again when it goes out. */
  readonly schema?: StandardSchemaV1<In, Out>;
  /** @defaultValue JSON */
  readonly codec?: Codec;
  /** Largest body in bytes of UTF-8, 1 to 536_870_912. @defaultValue 1_048_576 */
  readonly maxBodyBytes?: number;
  /** Where the levels of `pressure()` begin. */
  readonly pressure?: PressureOptions;
  /** Source of time. @defaultValue the system's */
  readonly clock?: Clock;
  /** 0 to 1, for jitter. @defaultValue Math.random */
  readonly random?: () => number;
  /** Makes the ids of jobs: unique, `[A-Za-z0-9._:-]{1,128}`. @defaultValue UUID version 7 */
  readonly createId?: () => string;
  /** @defaultValue warnings and errors as JSON lines on standard error */
  readonly logger?: Logger;
}

/** What a producer may say of one job. */
export interface EnqueueOptions {
  /**
   * An id of your own makes an enqueue that was not answered safe to send again, and the job quick to find. Bring none that a queue made: a
   * backend need not know those. @defaultValue a UUID version 7
   */
  readonly id?: string;
  /** Milliseconds before the first delivery, 0 to 31_536_000_000. @defaultValue 0 */
  readonly delayMs?: number;
  /** @defaultValue "normal" */
  readonly priority?: Priority;
  /** While a job with this key is alive, the answer is that job's id. 1 to 256 characters. */
  readonly dedupKey?: string;
  /** Keeps the key for exactly this long instead, 1 to 31_536_000_000 ms. */
  readonly dedupTtlMs?: number;
  /** Failures after which the job becomes a dead letter, the first included, 1 to 1_000. @defaultValue the worker's */
  readonly maxAttempts?: number;
  /** Deliveries, crashes included, after which it becomes a dead letter as `poison`, 1 to 1_000. @defaultValue 20 */
  readonly maxDeliveries?: number;
  /** This job's own waits between attempts. @defaultValue the worker's */
  readonly backoff?: BackoffOptions;
  /** Dropped, and counted as expired, when it has not been delivered this long after the enqueue, 1 to 31_536_000_000 ms. */
  readonly expiresInMs?: number;
  /** Text a handler reads beside the payload; names that start with `chimera-` are refused. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Queue options with every default filled in. */
export interface ResolvedQueueOptions<In, Out> {
  readonly schema: StandardSchemaV1<In, Out> | undefined;
  readonly codec: Codec;
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly createId: () => string;
  /** Whether ids come from our own maker, which never makes one twice. */
  readonly freshIds: boolean;
  readonly logger: Logger;
}

/** Large enough for documents, small enough that a batch of 250 cannot exhaust a server. */
const DEFAULT_MAX_BODY_BYTES = 1_048_576;

/** @throws QueueError `QUEUE_INVALID` with every issue. */
export function resolveQueueOptions<In, Out>(options: QueueOptions<In, Out>): ResolvedQueueOptions<In, Out> {
  const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  const clock = options.clock ?? systemClock;
  throwIssues(issuesOf(integerIssue("maxBodyBytes", maxBodyBytes, { min: 1, max: 536_870_912 })));
  return Object.freeze({
    schema: options.schema,
    codec: options.codec ?? jsonCodec,
    maxBodyBytes,
    clock,
    random: options.random ?? Math.random,
    createId: options.createId ?? createJobIds(clock),
    freshIds: options.createId === undefined,
    logger: options.logger ?? stderrLogger,
  });
}

/** A backoff with every default filled in. @throws QueueError `QUEUE_INVALID` with every issue. */
export function resolveBackoff(backoff: BackoffOptions, prefix: string): Required<BackoffOptions> {
  throwIssues(backoffIssues(backoff, prefix));
  return Object.freeze({ ...DEFAULT_BACKOFF, ...backoff });
}

/** @throws QueueError `QUEUE_INVALID` when there is any issue. */
export function throwIssues(issues: readonly string[]): void {
  if (issues.length > 0) throw new QueueError("QUEUE_INVALID", issues.join("; "), { issues });
}
