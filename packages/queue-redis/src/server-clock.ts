import type { Clock } from "@chimera/dlq";

/**
 * What a server's clock says, as far as its last reply tells: behind by the way of that reply and no more, until one of the clocks is
 * moved. A guess, for what the server checks itself.
 */
export class ServerClock {
  readonly #clock: Clock;
  #offsetMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since the epoch; `-Infinity` before the first reply. */
  now(): number {
    return this.#clock.monotonic() + this.#offsetMs;
  }

  /** Takes note of the time in a reply that has just come. */
  observe(serverMs: number): void {
    this.#offsetMs = serverMs - this.#clock.monotonic();
  }
}
