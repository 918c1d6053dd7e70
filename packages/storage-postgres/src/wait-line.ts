import type { Clock } from "@chimera/dlq";

interface Waiter<Handed> {
  readonly take: (handed: Handed) => void;
  readonly refuse: (error: Error) => void;
}

/** How long and for whom somebody stands in line. */
export interface WaitOptions {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onTimeout: () => Error;
}

/** First come, first served; whoever gives up leaves the line in constant time. */
export class WaitLine<Handed> {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter<Handed>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#waiters.size;
  }

  /**
   * Waits for {@link hand}.
   *
   * @throws the signal's reason, or what `onTimeout` answers.
   */
  async wait({ waitMs, signal, onTimeout }: WaitOptions): Promise<Handed> {
    return new Promise<Handed>((resolve, reject) => {
      const leave = (): void => {
        this.#waiters.delete(waiter);
        timer.cancel();
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter<Handed> = {
        take: (handed) => (leave(), resolve(handed)),
        refuse: (error) => (leave(), reject(error)),
      };
      const onAbort = (): void => waiter.refuse(signal?.reason as Error);
      const timer = this.#clock.schedule(() => waiter.refuse(onTimeout()), waitMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** Gives the first in line what it waits for; `false` when nobody waits. */
  hand(handed: Handed): boolean {
    for (const waiter of this.#waiters) {
      waiter.take(handed);
      return true;
    }
    return false;
  }

  /** Sends everybody away. */
  refuseAll(error: () => Error): void {
    for (const waiter of this.#waiters) waiter.refuse(error());
  }
}
