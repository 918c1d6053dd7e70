import { backoffDelayMs } from "@chimera/dlq";

/** The longest time between two tries while everything fails: how late a recovery is noticed at most. */
const MAX_DELAY_MS = 5_000;

/**
 * Slows the fetching while what the handlers need is down: from the first failure of the surroundings to the next
 * success, one job at a time, further and further apart.
 */
export class OutageBrake {
  readonly #random: () => number;
  #failures = 0;
  #nextTryAt = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get engaged(): boolean {
    return this.#failures > 0;
  }

  failed(nowMs: number): void {
    this.#failures++;
    this.#nextTryAt =
      nowMs + backoffDelayMs(this.#failures, { baseDelayMs: 50, maxDelayMs: MAX_DELAY_MS }, this.#random);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#nextTryAt = 0;
  }

  /** Milliseconds until the next try is allowed; 0 when it is now. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#nextTryAt - nowMs);
  }
}
