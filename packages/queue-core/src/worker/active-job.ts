import type { Delivery, DeliveryError } from "../protocol.ts";
import { userHeaders } from "../reserved-headers.ts";
import type { JobAbortCode, JobAborted } from "./abort-reasons.ts";

/** What a handler knows of the job it runs, beside the payload. */
export interface JobContext {
  readonly id: string;
  /** This is the n-th delivery, from 1; crashes and other workers' tries are among them. */
  readonly deliveryCount: number;
  /** Attempts that ran and failed, and counted, before this one. */
  readonly failures: number;
  /** The last five failures, oldest first. */
  readonly errors: readonly DeliveryError[];
  /** Grows strictly over the deliveries of this job: a write that keeps it can refuse a late, older attempt. */
  readonly fence: number;
  /** The producer's headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch on the backend's clock. */
  readonly enqueuedAt: number;
  /** Aborts with a {@link JobAborted} on time-out, lost lease and shutdown, whichever comes first. Made when asked for. */
  readonly signal: AbortSignal;
  /**
   * Moves the end of the lease to `leaseMs` (100 to 86_400_000) from now, for work that may block the event loop for
   * long; the worker's heartbeat does it otherwise. Answers whether the job is still this attempt's.
   *
   * @throws QueueError `BACKEND_UNAVAILABLE` (retryable)
   */
  extend(leaseMs: number): Promise<boolean>;
}

/** Extends one lease by a round trip of its own. */
export type ExtendLease = (job: ActiveJob, leaseMs: number) => Promise<boolean>;

/** One delivery from its arrival at a worker to its settlement. */
export class ActiveJob implements JobContext {
  readonly delivery: Delivery;
  /** When the worker gives the lease up by itself, in whole milliseconds of its own monotonic clock: before the backend does. */
  leaseUntil: number;
  /** Its handler was started. */
  started = false;
  /** A settlement was decided: whatever the handler does from now on is ignored. */
  ended = false;
  /** The lease is known or must be taken as lost. */
  lost = false;
  /** `leaseLost` was emitted. */
  reportedLost = false;
  /** When the call that brought it was sent, on the same clock. Whole numbers, which an object holds without a box. */
  readonly fetchedAt: number;
  readonly #extend: ExtendLease;
  #controller: AbortController | undefined;
  #reason: JobAborted | undefined;

  constructor(delivery: Delivery, fetchedAt: number, leaseMs: number, extend: ExtendLease) {
    this.delivery = delivery;
    this.fetchedAt = Math.floor(fetchedAt);
    this.leaseUntil = this.fetchedAt + leaseMs;
    this.#extend = extend;
  }

  get id(): string {
    return this.delivery.job.id;
  }

  get deliveryCount(): number {
    return this.delivery.deliveryCount;
  }

  get failures(): number {
    return this.delivery.failures;
  }

  get errors(): readonly DeliveryError[] {
    return this.delivery.errors;
  }

  get fence(): number {
    return this.delivery.fence;
  }

  get headers(): Readonly<Record<string, string>> {
    return userHeaders(this.delivery.job.headers);
  }

  get enqueuedAt(): number {
    return this.delivery.enqueuedAt;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Why its signal aborted, or would have if anybody had asked for it. */
  get abortedBy(): JobAbortCode | undefined {
    return this.#reason?.code;
  }

  async extend(leaseMs: number): Promise<boolean> {
    return this.#extend(this, leaseMs);
  }

  /** Whether the lease lasts by our own clock and nobody said otherwise: without it somebody else may start the job. */
  isOurs(nowMs: number): boolean {
    return !this.lost && nowMs < this.leaseUntil;
  }

  /** The first reason stays. */
  abort(reason: JobAborted): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
