import type { Clock } from "@chimera/dlq";

interface Waiter {
  readonly condition: () => boolean;
  readonly resolve: () => void;
}

/** Lets callers wait for a state of the worker; whoever changes the state calls `check`. */
export class Milestones {
  readonly #clock: Clock;
  #waiters: Waiter[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with true once the condition holds, or with false after `deadlineMs` on the clock. */
  async reached(condition: () => boolean, deadlineMs: number = Infinity): Promise<boolean> {
    if (condition()) return true;
    if (deadlineMs <= 0) return false;
    return new Promise<boolean>((resolve) => {
      const waiter = {
        condition,
        resolve: (): void => {
          timer?.cancel();
          resolve(true);
        },
      };
      const timer =
        deadlineMs === Infinity
          ? undefined
          : this.#clock.schedule(() => {
              this.#waiters = this.#waiters.filter((other) => other !== waiter);
              resolve(condition());
            }, deadlineMs);
      this.#waiters.push(waiter);
    });
  }

  check(): void {
    if (this.#waiters.length === 0) return;
    const met = this.#waiters.filter(({ condition }) => condition());
    if (met.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const { resolve } of met) resolve();
  }
}
