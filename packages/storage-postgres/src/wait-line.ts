import type { Deadline, DeadlineWatch } from "./deadline-watch.ts";

/** What one who waited until the deadline in vain is refused with; whoever asked makes the error of it. */
export class WaitedInVain extends Error {
  /** Those in line at that moment, this one included. */
  readonly waiting: number;

  constructor(waiting: number) {
    super("waited in vain");
    this.waiting = waiting;
  }
}

/** Places that were served and are kept before the rest is moved up. */
const MOVE_UP_AFTER = 256;

/** First come, first served; whoever gives up leaves the line in constant time. */
export class WaitLine<Handed> {
  readonly #deadlines: DeadlineWatch;
  /** In the order of arrival; those before `#head` were served, and among the rest some have left. */
  #places: Waiter<Handed>[] = [];
  #head = 0;
  #length = 0;

  constructor(deadlines: DeadlineWatch) {
    this.#deadlines = deadlines;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Waits for {@link hand} until `deadlineAt` on the monotonic clock.
   *
   * @throws the signal's reason, {@link WaitedInVain}, or what {@link refuseAll} was given.
   */
  // oxlint-disable-next-line typescript/promise-function-async -- a promise around the promise shows when many wait
  wait(deadlineAt: number, signal: AbortSignal | undefined): Promise<Handed> {
    return new Promise<Handed>((resolve, reject) => {
      const waiter = new Waiter(deadlineAt, signal, resolve, reject, this);
      this.#places.push(waiter);
      this.#length++;
      this.#deadlines.add(waiter);
    });
  }

  /** Gives the first in line what it waits for; `false` when nobody waits. */
  hand(handed: Handed): boolean {
    if (this.#length === 0) return false;
    for (;;) {
      const waiter = this.#places[this.#head++];
      if (this.#head > MOVE_UP_AFTER && this.#head * 2 > this.#places.length) this.#moveUp();
      if (waiter === undefined) return false;
      if (waiter.isGone) continue;
      waiter.take(handed);
      return true;
    }
  }

  /** Sends everybody away. */
  refuseAll(error: () => Error): void {
    for (const waiter of this.#places.slice(this.#head)) if (!waiter.isGone) waiter.refuse(error());
  }

  /** A waiter left: served, late, or aborted. */
  left(waiter: Waiter<Handed>): void {
    this.#length--;
    this.#deadlines.remove(waiter);
  }

  #moveUp(): void {
    this.#places = this.#places.slice(this.#head);
    this.#head = 0;
  }
}

class Waiter<Handed> implements Deadline {
  readonly deadlineAt: number;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (handed: Handed) => void;
  readonly #reject: (error: unknown) => void;
  readonly #line: WaitLine<Handed>;
  #onAbort: (() => void) | undefined;
  #isGone = false;

  constructor(
    deadlineAt: number,
    signal: AbortSignal | undefined,
    resolve: (handed: Handed) => void,
    reject: (error: unknown) => void,
    line: WaitLine<Handed>,
  ) {
    this.deadlineAt = deadlineAt;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#line = line;
    if (signal === undefined) return;
    this.#onAbort = () => this.refuse(signal.reason);
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  take(handed: Handed): void {
    this.#leave();
    this.#resolve(handed);
  }

  refuse(error: unknown): void {
    this.#leave();
    this.#reject(error);
  }

  onDeadline(): void {
    this.refuse(new WaitedInVain(this.#line.length));
  }

  #leave(): void {
    this.#isGone = true;
    this.#line.left(this);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
