import { sleep, type Clock } from "../foundation/clock.ts";

/** Spreads work evenly so that no more than a number of items a second begin, with no burst to catch up. */
export class Pace {
  readonly #msPerItem: number;
  readonly #clock: Clock;
  #nextAt = -Infinity;

  /** @param ratePerSecond - > 0; `Infinity` for no limit. */
  constructor(ratePerSecond: number, clock: Clock) {
    this.#msPerItem = 1_000 / ratePerSecond;
    this.#clock = clock;
  }

  /** Resolves when the next `items` may begin. @throws the signal's reason. */
  async wait(items: number, signal?: AbortSignal): Promise<void> {
    if (this.#msPerItem === 0) return;
    const now = this.#clock.monotonic();
    const startAt = Math.max(now, this.#nextAt);
    this.#nextAt = startAt + items * this.#msPerItem;
    if (startAt > now) await sleep(this.#clock, startAt - now, signal);
  }
}
