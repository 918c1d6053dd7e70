import type { RateLimitOptions } from "./worker-options.ts";

/**
 * At most `max` starts in any window of `perMs`, exactly: the start `max` places back must be `perMs` old.
 * O(1) a start, 8 bytes for each of `max`.
 */
export class RateLimiter {
  readonly #perMs: number;
  readonly #starts: Float64Array;
  #next = 0;

  constructor({ max, perMs }: RateLimitOptions) {
    this.#perMs = perMs;
    this.#starts = new Float64Array(max).fill(-Infinity);
  }

  /** Milliseconds until a start is allowed; 0 when it is now. */
  waitMs(nowMs: number): number {
    return Math.max(0, (this.#starts[this.#next] as number) + this.#perMs - nowMs);
  }

  started(nowMs: number): void {
    this.#starts[this.#next] = nowMs;
    this.#next = (this.#next + 1) % this.#starts.length;
  }
}
