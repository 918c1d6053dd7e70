import type { Clock, Timer } from "@chimera/dlq";
import type { Delivery, DequeueRequest } from "../protocol.ts";
import { TimeHeap, type Timed } from "./time-heap.ts";

/** A dequeue that waits for its first job. */
interface Waiter extends Timed {
  readonly request: DequeueRequest;
  readonly resolve: (deliveries: Delivery[]) => void;
  readonly onAbort: () => void;
}

export interface WaitingListOptions {
  readonly clock: Clock;
  /** Milliseconds on the clock that `at` and {@link nextDueAt} speak of. */
  readonly now: () => number;
  /** Hands out what there is for one request. */
  readonly take: (request: DequeueRequest) => Delivery[];
  /** The next moment at which there may be something to hand out without anybody's doing. */
  readonly nextDueAt: () => number;
}

/**
 * The dequeues that wait, served first come, first served, with one timer for all of them together: it fires at
 * the next due job, the next lease end or the next time-out, whichever is first.
 */
export class WaitingList {
  readonly #options: WaitingListOptions;
  readonly #queue = new Set<Waiter>();
  readonly #byDeadline = new TimeHeap<Waiter>();
  #order = 0;
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #servePending = false;

  constructor(options: WaitingListOptions) {
    this.#options = options;
  }

  /** Resolves with the first deliveries, or with `[]` on time-out, abort or {@link close}. */
  async wait(request: DequeueRequest, waitMs: number): Promise<Delivery[]> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        request,
        resolve,
        onAbort: () => this.#end(waiter, []),
        at: this.#options.now() + waitMs,
        order: ++this.#order,
        heapIndex: -1,
      };
      this.#queue.add(waiter);
      this.#byDeadline.push(waiter);
      request.signal?.addEventListener("abort", waiter.onAbort, { once: true });
      this.#arm();
    });
  }

  /** Something has changed: whoever waits is served once the current run of promises is over, so that jobs of one tick travel together. */
  wake(): void {
    if (this.#queue.size === 0 || this.#servePending) return;
    this.#servePending = true;
    queueMicrotask(() => {
      this.#servePending = false;
      this.#serve();
    });
  }

  /** Ends every wait with `[]`. */
  close(): void {
    for (const waiter of this.#queue) this.#end(waiter, []);
  }

  #serve(): void {
    for (const waiter of this.#queue) {
      const deliveries = this.#options.take(waiter.request);
      if (deliveries.length === 0) break;
      this.#end(waiter, deliveries);
    }
    const nowMs = this.#options.now();
    for (let first = this.#byDeadline.peek(); first !== undefined && first.at <= nowMs;) {
      this.#end(first, []);
      first = this.#byDeadline.peek();
    }
    this.#arm();
  }

  #end(waiter: Waiter, deliveries: Delivery[]): void {
    this.#queue.delete(waiter);
    this.#byDeadline.remove(waiter);
    waiter.request.signal?.removeEventListener("abort", waiter.onAbort);
    waiter.resolve(deliveries);
    if (this.#queue.size === 0) this.#disarm();
  }

  #arm(): void {
    const deadline = this.#byDeadline.peek()?.at;
    if (deadline === undefined) return this.#disarm();
    const wakeAt = Math.min(deadline, this.#options.nextDueAt());
    if (wakeAt === this.#timerAt) return;
    this.#disarm();
    this.#timerAt = wakeAt;
    this.#timer = this.#options.clock.schedule(
      () => {
        this.#timer = undefined;
        this.#timerAt = Infinity;
        this.#serve();
      },
      Math.max(0, Math.ceil(wakeAt - this.#options.now())),
    );
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }
}
