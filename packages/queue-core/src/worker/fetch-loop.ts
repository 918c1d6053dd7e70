import type { Clock, Logger } from "@chimera/dlq";
import {
  MAX_BATCH,
  type Delivery,
  type DequeueRequest,
  type QueueBackend,
  type SettleResult,
} from "../protocol.ts";
import { BackendOutage } from "./backend-outage.ts";
import type { SettlementBatch, SettlementBatcher } from "./settlement-batcher.ts";
import { readThrown } from "./thrown.ts";

/** Calls under way at most: with fewer, client and server of a far backend fall into lockstep. */
const MAX_CALLS = 4;
/** Jobs that are asked for together even if they are all there is room for: for fewer, a second call costs more than it gains. */
const MIN_SHARE = 16;
/** The longest wait for a first job; the next call follows at once. */
const MAX_WAIT_MS = 5_000;
/** How long decisions may follow each other without a turn of the event loop between them. */
const MAX_RUN_MS = 5;

/** How many jobs a worker means to hold, and does. */
export interface Holding {
  /** 0 while nothing is to be fetched. */
  readonly target: number;
  readonly held: number;
  /** Whether slots stand empty: then even a single job is worth a call. */
  readonly starving: boolean;
}

/** What the loop needs of its worker. */
export interface FetchLoopOptions {
  readonly backend: QueueBackend;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly leaseMs: number;
  readonly settlements: SettlementBatcher;
  readonly holding: (nowMs: number) => Holding;
  /** Takes over what a call brought that was sent at `sentAt` on the monotonic clock. */
  readonly accept: (deliveries: readonly Delivery[], sentAt: number) => void;
  /** A call ended, well or not: slots may be filled, waiters told. */
  readonly progressed: () => void;
  readonly reconnected: (outageMs: number) => void;
}

/** What a call brought. */
interface Reply {
  readonly deliveries: readonly Delivery[];
  /** Set when the outcome of a settlement is unknown: it is sent again later, not in a tight loop. */
  readonly trouble?: unknown;
}

/**
 * Decides once a turn of the event loop what to fetch and what to settle, and makes the calls: settlements ride along
 * with a fetch where the backend can do both, the next batch is asked for before the handlers of the last one start,
 * and an empty queue is waited on by one call.
 *
 * The turn is a macro-task, so that even handlers that never wait leave the event loop room once a window.
 */
export class FetchLoop {
  readonly #options: FetchLoopOptions;
  readonly #outage: BackendOutage;
  readonly #waitMs: number;
  #calls = 0;
  #requested = 0;
  /** The last fetch brought less than it asked for: the next one may wait. */
  #short = false;
  /** The last fetch brought nothing. Less than asked for does not say so: suspects come one by one. */
  #dry = false;
  /** Somebody wants to know whether the queue is dry: no fetch waits until one brought nothing. */
  #seeking = false;
  /** Grows with each `recheck`: calls made before it do not tell that the queue is empty. */
  #epoch = 0;
  #waiting = false;
  #interrupt = new AbortController();
  #turnDue = false;
  #turnedAt = -Infinity;
  #answeredAt: number;
  #closed = false;

  constructor(options: FetchLoopOptions) {
    const { backend, clock, random, logger, reconnected } = options;
    this.#options = options;
    this.#outage = new BackendOutage({
      queue: backend.name,
      clock,
      random,
      logger,
      retry: () => this.#decide(),
      over: reconnected,
    });
    this.#answeredAt = clock.monotonic();
    // A lease counts from when its call was sent, so a wait may take a quarter of it at most.
    this.#waitMs = Math.floor(Math.min(MAX_WAIT_MS, options.leaseMs / 4));
  }

  /** Calls under way. */
  get calls(): number {
    return this.#calls;
  }

  /** Whether it makes no call any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the last fetch found nothing. */
  get dry(): boolean {
    return this.#dry;
  }

  /** Milliseconds since a fetch was last answered. */
  get lastFetchAgoMs(): number {
    return this.#options.clock.monotonic() - this.#answeredAt;
  }

  /** Milliseconds since the backend stopped answering; 0 while it answers. */
  get outageMs(): number {
    return this.#outage.durationMs;
  }

  /** Decides at the end of this turn of the event loop. */
  schedule(): void {
    if (this.#turnDue) return;
    this.#turnDue = true;
    setImmediate(() => {
      this.#turnDue = false;
      this.#turnedAt = this.#options.clock.monotonic();
      this.#decide();
    });
  }

  /**
   * Decides at once when the event loop has turned a moment ago, else at the end of this turn. For decisions that gain
   * nothing by waiting: on Redis it saves a worker with one slot a turn of the event loop a job.
   */
  decideSoon(): void {
    if (this.#options.clock.monotonic() - this.#turnedAt < MAX_RUN_MS) this.#decide();
    else this.schedule();
  }

  /** Decides at once, for settlements that cannot wait for the end of the turn. */
  decideNow(): void {
    this.#decide();
  }

  /** Forgets that the queue was found empty, and looks again at once. */
  recheck(): void {
    this.#epoch++;
    this.#dry = this.#short = false;
    this.#seeking = true;
    this.interrupt();
    this.schedule();
  }

  /** Ends every wait: for a first job, and for a backend that is away. */
  hurry(): void {
    this.#outage.stopWaiting();
    this.interrupt();
    this.schedule();
  }

  /** Ends a wait for a first job, so that the next decision counts. */
  interrupt(): void {
    if (!this.#waiting) return;
    this.#interrupt.abort();
    this.#interrupt = new AbortController();
  }

  /** Makes no call any more. */
  stop(): void {
    this.#closed = true;
    this.#outage.stopWaiting();
    this.interrupt();
  }

  #decide(): void {
    if (this.#closed || this.#outage.waiting) return;
    const { backend, settlements } = this.#options;
    while (this.#calls < MAX_CALLS) {
      const max = this.#fetchSize();
      const batch = settlements.take();
      if (max === 0 && batch === undefined) return;
      if (batch !== undefined && max > 0 && backend.settleAndDequeue !== undefined) {
        void this.#settleAndDequeue(batch, max);
        continue;
      }
      if (batch !== undefined) void this.#settle(batch);
      if (max > 0) void this.#dequeue(max);
    }
  }

  #fetchSize(): number {
    if (this.#waiting || (this.#short && this.#requested > 0)) return 0;
    const { target, held, starving } = this.#options.holding(this.#options.clock.monotonic());
    const room = target - held - this.#requested;
    const enough = room * 4 >= target || (starving && this.#requested === 0);
    if (room <= 0 || !enough) return 0;
    // Never a large window in one call: while one half is on its way the handlers have the other.
    return Math.min(room, MAX_BATCH, Math.max(MIN_SHARE, Math.ceil(target / 2)));
  }

  async #dequeue(max: number): Promise<void> {
    const waits = this.#short && !this.#seeking;
    this.#waiting ||= waits;
    const patience = waits ? { waitMs: this.#waitMs, signal: this.#interrupt.signal } : undefined;
    const make = async (request: DequeueRequest): Promise<Reply> => ({
      deliveries: await this.#options.backend.dequeue({ ...request, ...patience }),
    });
    await this.#call(max, undefined, make, waits);
  }

  async #settle(batch: SettlementBatch): Promise<void> {
    await this.#call(0, batch, async () => {
      const results = await this.#options.backend.settle(batch.settlements);
      return { deliveries: [], trouble: this.#answered(batch, results) };
    });
  }

  async #settleAndDequeue(batch: SettlementBatch, max: number): Promise<void> {
    const { backend } = this.#options;
    await this.#call(max, batch, async (request) => {
      const reply = await backend.settleAndDequeue?.(batch.settlements, request);
      return { deliveries: reply?.deliveries ?? [], trouble: this.#answered(batch, reply?.results ?? []) };
    });
  }

  /** Answers why a settlement has to be sent again, if one has. */
  #answered(batch: SettlementBatch, results: readonly SettleResult[]): unknown {
    this.#options.settlements.answered(batch, results, this.#options.clock.monotonic());
    return results.find((result) => typeof result === "object")?.error;
  }

  async #call(
    max: number,
    batch: SettlementBatch | undefined,
    make: (request: DequeueRequest) => Promise<Reply>,
    isWait = false,
  ): Promise<void> {
    const { clock, leaseMs, settlements, accept, progressed } = this.#options;
    const sentAt = clock.monotonic();
    const epoch = this.#epoch;
    this.#calls++;
    this.#requested += max;
    let unanswered = batch;
    try {
      let reply: Reply;
      try {
        reply = await make({ max, leaseMs });
      } finally {
        this.#returned(max, isWait);
      }
      unanswered = undefined;
      const { deliveries, trouble } = reply;
      if (max > 0) this.#brought(deliveries.length, max, epoch);
      if (trouble === undefined) this.#outage.succeeded();
      else this.#failed(trouble);
      if (deliveries.length > 0) accept(deliveries, sentAt);
    } catch (error) {
      // What cannot be read of a reply is thrown here as well, when its settlements were answered.
      if (unanswered !== undefined) settlements.failed(unanswered, clock.monotonic());
      this.#failed(error);
    }
    // The next calls leave before the handlers of this one's jobs start; but what was waited for starts before everything.
    if (isWait) progressed();
    this.#decide();
    if (!isWait) progressed();
  }

  #returned(max: number, isWait: boolean): void {
    this.#requested -= max;
    this.#calls--;
    if (isWait) this.#waiting = false;
  }

  #brought(count: number, asked: number, epoch: number): void {
    this.#answeredAt = this.#options.clock.monotonic();
    if (epoch !== this.#epoch) return;
    this.#short = count < asked;
    // What another call is about to bring may have been taken off before this one looked.
    this.#dry = count === 0 && this.#requested === 0;
    if (this.#dry) this.#seeking = false;
  }

  #failed(error: unknown): void {
    this.#outage.failed(error);
    // Somebody closed the backend under the worker: it will not come back.
    if (readThrown(error).code === "QUEUE_CLOSED") this.stop();
    if (!this.#closed) this.#outage.retryLater();
  }
}
