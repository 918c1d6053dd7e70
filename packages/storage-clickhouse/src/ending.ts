import type { Clock } from "@chimera/dlq";

import type { SendBatchOptions } from "./delivery/send-batch.ts";

/** The most of a deadline that is kept for dead-lettering. */
const MAX_RESERVE_MS = 2_000;

/** How a close ends what is under way: what is not stored by then goes to the dead letters, and in the end is given up. */
export class Ending {
  readonly #clock: Clock;
  readonly #giveUp = new AbortController();
  readonly #abandon = new AbortController();
  /** Of everything that is to be ended. */
  readonly signals: Required<SendBatchOptions> = {
    giveUp: this.#giveUp.signal,
    abandon: this.#abandon.signal,
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits for `work`, which should follow the signals: the first aborts when the last quarter of the deadline (2 s at
   * most) begins, the second at its end. What goes on all the same, as an engine in the process may, is not waited for.
   */
  async within(deadlineMs: number, work: Promise<unknown>): Promise<void> {
    const reserveMs = Math.min(deadlineMs / 4, MAX_RESERVE_MS);
    const giveUp = this.#clock.schedule(() => this.#giveUp.abort(), deadlineMs - reserveMs);
    const abandon = this.#clock.schedule(() => this.#abandon.abort(), deadlineMs);
    const over = new Promise<void>((resolve) => {
      // One turn later: what follows the signal has ended by then.
      this.signals.abandon.addEventListener("abort", () => setImmediate(resolve), { once: true });
    });
    await Promise.race([work, over]);
    giveUp.cancel();
    abandon.cancel();
  }
}
