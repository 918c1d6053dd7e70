import type { Deadline, DeadlineWatch } from "./deadline-watch.ts";
import type { Limits } from "./failure.ts";

/** Places of those who left that are kept before the rest is moved up. */
const MOVE_UP_AFTER = 256;

/** What the owner of a line is told, and asked, about those who wait. */
export interface WaitLineHooks<Handed> {
  /** Somebody left: served, late, or aborted. */
  left(waiter: Waiter<Handed>): void;
  /** Makes the error of one who waited in vain; that one still counts as waiting. */
  lateError(waiter: Waiter<Handed>): Error;
}

/** First come, first served; whoever gives up leaves the line in constant time. */
export class WaitLine<Handed> {
  readonly #deadlines: DeadlineWatch;
  readonly #hooks: WaitLineHooks<Handed>;
  /** In the order of arrival; those before `#head` were served, and among the rest some have left. */
  #places: Waiter<Handed>[] = [];
  #head = 0;
  #length = 0;

  constructor(deadlines: DeadlineWatch, hooks: WaitLineHooks<Handed>) {
    this.#deadlines = deadlines;
    this.#hooks = hooks;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Waits until {@link next} answers this one and it is taken care of.
   *
   * @throws the signal's reason, the hook's `lateError`, or what {@link refuseAll} was given.
   */
  // oxlint-disable-next-line typescript/promise-function-async -- a promise around the promise shows when many wait
  wait(waiter: Waiter<Handed>): Promise<Handed> {
    return new Promise<Handed>((resolve, reject) => {
      this.#places.push(waiter);
      this.#length++;
      waiter.begin(this, resolve, reject);
      this.#deadlines.add(waiter);
    });
  }

  /** Takes the first out of the line; whoever asked must resolve or refuse it. */
  next(): Waiter<Handed> | undefined {
    while (this.#length > 0) {
      const waiter = this.#places[this.#head++];
      if (waiter === undefined) return undefined;
      if (!waiter.isGone) {
        waiter.leave();
        return waiter;
      }
    }
    return undefined;
  }

  /** Sends everybody away. */
  refuseAll(error: () => Error): void {
    for (let waiter = this.next(); waiter !== undefined; waiter = this.next()) waiter.refuse(error());
  }

  /** Called by a waiter that leaves. */
  left(waiter: Waiter<Handed>): void {
    this.#length--;
    this.#deadlines.remove(waiter);
    this.#moveUp();
    this.#hooks.left(waiter);
  }

  /** Called by a waiter whose time is over. */
  lateError(waiter: Waiter<Handed>): Error {
    return this.#hooks.lateError(waiter);
  }

  /** Not at serving alone: under a server that hangs nobody is served, and all who come leave late. */
  #moveUp(): void {
    const left = this.#places.length - this.#length;
    if (left <= MOVE_UP_AFTER || left * 2 <= this.#places.length) return;
    this.#places = this.#places.filter((waiter) => !waiter.isGone);
    this.#head = 0;
  }
}

/** One place in a line. */
export class Waiter<Handed> implements Deadline {
  /** Of the whole call. */
  readonly limits: Limits;
  readonly startedAt: number;
  /** Of the waiting. */
  readonly deadlineAt: number;
  /** Where the call was made, when leaks are looked for. */
  readonly place: Error | undefined;
  #line: WaitLine<Handed> | undefined;
  #resolve: ((handed: Handed) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #onAbort: (() => void) | undefined;
  #isGone = false;

  constructor(limits: Limits, startedAt: number, waitMs: number, place?: Error) {
    this.limits = limits;
    this.startedAt = startedAt;
    this.deadlineAt = Math.min(startedAt + waitMs, limits.deadlineAt);
    this.place = place;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Called by the line. */
  begin(line: WaitLine<Handed>, resolve: (handed: Handed) => void, reject: (error: unknown) => void): void {
    this.#line = line;
    this.#resolve = resolve;
    this.#reject = reject;
    const { signal } = this.limits;
    if (signal === undefined) return;
    this.#onAbort = () => {
      this.leave();
      reject(signal.reason);
    };
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Ends the waiting; the promise is still open. */
  leave(): void {
    this.#isGone = true;
    this.#line?.left(this);
    if (this.#onAbort !== undefined) this.limits.signal?.removeEventListener("abort", this.#onAbort);
  }

  take(handed: Handed): void {
    this.#resolve?.(handed);
  }

  refuse(error: unknown): void {
    this.#reject?.(error);
  }

  onDeadline(): void {
    const error = this.#line?.lateError(this);
    this.leave();
    this.refuse(error);
  }
}
