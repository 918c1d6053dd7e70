import type { Deadline, DeadlineWatch } from "./deadline-watch.ts";

/** How long and for whom somebody stands in line. */
export interface WaitOptions {
  /** On the monotonic clock. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal | undefined;
  /** Makes the error of one who waited until the deadline in vain. */
  timeoutError(): Error;
}

/** First come, first served; whoever gives up leaves the line in constant time. */
export class WaitLine<Handed> {
  readonly #deadlines: DeadlineWatch;
  readonly #waiters = new Set<Waiter<Handed>>();

  constructor(deadlines: DeadlineWatch) {
    this.#deadlines = deadlines;
  }

  get length(): number {
    return this.#waiters.size;
  }

  /**
   * Waits for {@link hand}.
   *
   * @throws the signal's reason, or what `timeoutError` answers.
   */
  async wait(options: WaitOptions): Promise<Handed> {
    return new Promise<Handed>((resolve, reject) => {
      const waiter = new Waiter(options, resolve, reject, this.#leave);
      this.#waiters.add(waiter);
      this.#deadlines.add(waiter);
    });
  }

  /** Gives the first in line what it waits for; `false` when nobody waits. */
  hand(handed: Handed): boolean {
    if (this.#waiters.size === 0) return false;
    for (const waiter of this.#waiters) {
      waiter.take(handed);
      break;
    }
    return true;
  }

  /** Sends everybody away. */
  refuseAll(error: () => Error): void {
    for (const waiter of this.#waiters) waiter.refuse(error());
  }

  readonly #leave = (waiter: Waiter<Handed>): void => {
    this.#waiters.delete(waiter);
    this.#deadlines.remove(waiter);
  };
}

class Waiter<Handed> implements Deadline {
  readonly deadlineAt: number;
  readonly #options: WaitOptions;
  #onAbort: (() => void) | undefined;
  readonly #resolve: (handed: Handed) => void;
  readonly #reject: (error: Error) => void;
  readonly #leave: (waiter: Waiter<Handed>) => void;

  constructor(
    options: WaitOptions,
    resolve: (handed: Handed) => void,
    reject: (error: Error) => void,
    leave: (waiter: Waiter<Handed>) => void,
  ) {
    this.deadlineAt = options.deadlineAt;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#leave = leave;
    if (options.signal === undefined) return;
    this.#onAbort = () => this.refuse(options.signal?.reason as Error);
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  take(handed: Handed): void {
    this.#end();
    this.#resolve(handed);
  }

  refuse(error: Error): void {
    this.#end();
    this.#reject(error);
  }

  onDeadline(): void {
    this.refuse(this.#options.timeoutError());
  }

  #end(): void {
    this.#leave(this);
    if (this.#onAbort !== undefined) this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
