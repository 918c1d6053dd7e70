/**
 * The queue protocol, version 1. Everything that two backends could otherwise disagree on is decided here:
 * leases, fences, delivery counts and time. A backend only stores; `Queue` and `Worker` stand above it.
 *
 * The rules a backend keeps are numbered in the conformance kit (`@chimera/queue-core/conformance`).
 */

/** Most items one call of a backend takes in one piece; `Queue` and `Worker` split larger ones. */
export const MAX_BATCH = 250;

/** Strictly high before normal before low; first in, first out within one. */
export type Priority = "high" | "normal" | "low";

/** The opaque handle of one delivery, with a random part, never reused. Every settle names one. */
export type Receipt = string & { readonly __receipt: unique symbol };

/** What a producer hands to a backend. Durations only: the backend's clock decides the moments. */
export interface NewJob {
  /** Made by the producer, a UUIDv7 unless it has a reason. 1 to 128 characters of `[A-Za-z0-9._:-]`. */
  readonly id: string;
  /** Any text that is well-formed Unicode. A backend never parses it. */
  readonly body: string;
  /**
   * The producer's word that it has just made the id of random bits and gives it to no other job: a backend need not look whether a job
   * is alive under it, nor keep what finds one by it quickly. @defaultValue false
   */
  readonly fresh?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds before the first delivery, 0 to 31_536_000_000 (a year). @defaultValue 0 */
  readonly delayMs?: number;
  /** @defaultValue "normal" */
  readonly priority?: Priority;
  /** While a job with this key is alive, enqueueing another answers `duplicate`. 1 to 256 characters. */
  readonly dedupKey?: string;
  /** Keeps the key for exactly this long after the enqueue instead, whether its job is alive or not. */
  readonly dedupTtlMs?: number;
  /** Deliveries after which the job is handed out as `exhausted`, 1 to 1_000. @defaultValue 20 */
  readonly maxDeliveries?: number;
  /**
   * Milliseconds after the enqueue from which the job is no longer handed out: the dequeue that meets it at the head
   * drops it and counts it as expired. Until then it counts as what it is, ready or delayed; in flight it is safe.
   */
  readonly expiresInMs?: number;
}

/** The job of a delivery, as it was enqueued. */
export interface Job {
  readonly id: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly priority: Priority;
}

/** One failed attempt, as a backend remembers it. */
export interface DeliveryError {
  /** When, in milliseconds since the epoch on the backend's clock. */
  readonly at: number;
  /** Redacted, at most 1 KiB. */
  readonly message: string;
}

/** One hand-out of a job to one consumer. */
export interface Delivery {
  readonly job: Job;
  readonly receipt: Receipt;
  /** Grows strictly over the deliveries of one job, also after a failover: a handler can guard its writes with it. */
  readonly fence: number;
  /** This is the n-th delivery, from 1. Survives crashes; a `release` takes its one back. */
  readonly deliveryCount: number;
  /** Attempts that ran and failed, and counted. */
  readonly failures: number;
  /** The last five failures, oldest first. */
  readonly errors: readonly DeliveryError[];
  /** Milliseconds since the epoch on the backend's clock. */
  readonly enqueuedAt: number;
  /** When the lease ends, in milliseconds since the epoch on the backend's clock. */
  readonly leaseUntil: number;
  /** Reclaimed twice or more: a worker runs it with nothing else in flight. */
  readonly suspect: boolean;
  /** Above `maxDeliveries`: a worker dead-letters it without running the handler. */
  readonly exhausted: boolean;
}

export interface DequeueRequest {
  /** Most deliveries to hand out, 1 to 250. */
  readonly max: number;
  /** Milliseconds until each delivery may be reclaimed, 100 to 86_400_000. */
  readonly leaseMs: number;
  /** Milliseconds to wait for the first job, 0 to 60_000. @defaultValue 0 */
  readonly waitMs?: number;
  /** Ends the wait; the answer is then `[]`. */
  readonly signal?: AbortSignal;
}

/** What became of one job of an enqueue call. */
export type EnqueueResult =
  | { readonly status: "enqueued"; readonly id: string }
  /** Nothing changed: `id` is the job that is alive, under the same id or dedup key. */
  | { readonly status: "duplicate"; readonly id: string }
  /** Nothing changed: `maxDepth` is reached. */
  | { readonly status: "full" }
  /** The job may be in the queue or not. Sending it again under the same id is safe. */
  | { readonly status: "unknown"; readonly error: unknown };

/** How a consumer ends a delivery. */
export type Settlement =
  | {
      readonly receipt: Receipt;
      readonly outcome: "done";
      /** For the rolling latency. */ readonly durationMs?: number;
    }
  | {
      readonly receipt: Receipt;
      readonly outcome: "retry";
      /** Milliseconds before the next delivery, 0 to 31_536_000_000. */
      readonly delayMs: number;
      /** Redacted; what is over 1 KiB is cut. */
      readonly error?: string;
      /** Whether this is a failure of the job; `false` for failures of the surroundings. @defaultValue true */
      readonly counts?: boolean;
    }
  /**
   * Handed back unrun: at the head of its queue, and the delivery is not counted. Several in one call go there one
   * after the other, so whoever wants their order kept names the last one first.
   */
  | { readonly receipt: Receipt; readonly outcome: "release" }
  /** Already stored in a dead-letter store: forget it and count it. */
  | { readonly receipt: Receipt; readonly outcome: "dead" };

/** `stale`: the receipt is no longer the current one and nothing was changed. */
export type SettleResult = "ok" | "stale" | { readonly status: "unknown"; readonly error: unknown };

/** The answer of {@link QueueBackend.settleAndDequeue}. */
export interface SettleAndDequeueReply {
  /** One result a settlement, in order. */
  readonly results: readonly SettleResult[];
  /** Empty when nothing was ready, while paused, and when the deliveries could not be had for any reason. */
  readonly deliveries: readonly Delivery[];
}

/** How long the handlers of recently finished jobs took, over a rolling window. */
export interface LatencyWindow {
  /** Milliseconds; 0 when nothing finished in the window. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Jobs the figures are drawn from. */
  readonly count: number;
  /** Length of the window in milliseconds. */
  readonly windowMs: number;
}

/** What an enqueue that resolved survives. `memory`: nothing; `os`: a crash of the process; `fsync`: of the machine. */
export type Durability = "memory" | "os" | "fsync" | "server";

export interface QueueMetrics {
  /** Jobs ready to be delivered now; exact. */
  readonly depth: number;
  /** Delayed jobs and expired leases whose time has come, but that no dequeue has promoted yet. */
  readonly due: number;
  /** Jobs waiting for their time, those in `due` included. */
  readonly delayed: number;
  /** Jobs under a lease, expired ones that were not reclaimed yet included. */
  readonly inFlight: number;
  /** Milliseconds that the oldest ready job has waited since it became ready, a delayed one since it was due; 0 when none is. */
  readonly oldestReadyMs: number;
  /** Counters since the queue was made. */
  readonly enqueued: number;
  readonly processed: number;
  readonly failed: number;
  readonly retried: number;
  readonly deadLettered: number;
  readonly reclaimed: number;
  readonly cancelled: number;
  readonly expired: number;
  readonly latency: LatencyWindow;
  /** What keeps the jobs; `server` where a server's own settings decide. */
  readonly durability: Durability;
  readonly paused: boolean;
}

/** Where a job is. */
export type JobState = "ready" | "delayed" | "in-flight";

/** A job as an administrator sees it. */
export interface JobView {
  readonly job: Job;
  readonly state: JobState;
  readonly deliveryCount: number;
  readonly failures: number;
  readonly errors: readonly DeliveryError[];
  readonly enqueuedAt: number;
  /** When a delayed job is due, in milliseconds since the epoch on the backend's clock. */
  readonly dueAt?: number;
}

export interface BrowseRequest {
  readonly state: JobState;
  /** The answer's `cursor` of the page before. */
  readonly cursor?: string;
  /** 1 to 250. @defaultValue 100 */
  readonly limit?: number;
}

export interface BrowsePage {
  readonly jobs: readonly JobView[];
  /** Absent on the last page. Jobs that move between calls may be seen twice or not at all. */
  readonly cursor?: string;
}

/** What a backend may offer beside the verbs of delivery. */
export interface QueueAdmin {
  /** Nothing is handed out until `resume`, on any consumer. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  get(id: string): Promise<JobView | undefined>;
  browse(request: BrowseRequest): Promise<BrowsePage>;
  /** Makes a delayed job ready; answers whether it was delayed. */
  runNow(id: string): Promise<boolean>;
  /** Removes jobs, one in flight too: its receipt is stale at once. Answers one truth value an id. */
  cancel(ids: readonly string[]): Promise<boolean[]>;
  /** Cancels every job that is ready or delayed and answers how many. */
  clear(): Promise<number>;
}

/** What stores the jobs of one queue. Batches are the primitive; one job is a batch of one. */
export interface QueueBackend {
  readonly protocol: 1;
  /** `[A-Za-z0-9._-]{1,100}` */
  readonly name: string;
  /** One result a job, in order. */
  enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]>;
  /**
   * `[]` on time-out or abort; never rejects for them.
   *
   * First what is due is promoted, by due time and then by arrival; then expired leases are reclaimed, by their end
   * and then by delivery; then jobs are handed out.
   */
  dequeue(request: DequeueRequest): Promise<Delivery[]>;
  /** One result a settlement, in order. @throws QueueError `QUEUE_INVALID` when one is out of range: then none was carried out. */
  settle(settlements: readonly Settlement[]): Promise<SettleResult[]>;
  /** Moves the end of each lease to `leaseMs` from now on the backend's clock. */
  extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]>;
  /** At worst O(log n). */
  metrics(): Promise<QueueMetrics>;
  /** A real round trip; rejects when the backend cannot serve. */
  ping(): Promise<void>;
  /** Always resolves within `deadlineMs` (default 10_000), with the server up, down or hung. Idempotent. */
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  readonly admin?: QueueAdmin;
  /**
   * Whether another process carries out enqueue calls while this one writes the next: a queue then sends what many
   * producers enqueue in one tick as two calls, so that neither side waits for the other. @defaultValue false
   */
  readonly overlapsEnqueues?: boolean;
  /**
   * A facet for backends a round trip away: `settle(settlements)` and then `dequeue({ ...request, waitMs: 0 })` in one trip.
   *
   * Gives no guarantee beyond those two calls, so a backend without it lacks nothing but the saved trip, and a
   * worker asks each verb by itself there. It never waits: `request.waitMs` and `request.signal` are passed over.
   * An exception means that no settlement is known to have been made, and that deliveries which may have been
   * handed out come back when their leases end; the worker sends the settlements again under the same receipts.
   *
   * @param settlements - 1 to 250
   * @throws QueueError `BACKEND_UNAVAILABLE` (retryable)
   */
  settleAndDequeue?(
    settlements: readonly Settlement[],
    request: DequeueRequest,
  ): Promise<SettleAndDequeueReply>;
}
