import type { Clock } from "@chimera/dlq";

/** Options of a {@link Breaker}. */
export interface BreakerOptions {
  /** Unanswered calls in a row after which it opens. */
  readonly failures: number;
  /** First rest, doubled at each failed probe. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly clock: Clock;
}

/** How a breaker stands. `half-open`: one probe is on its way. */
export type BreakerState = "closed" | "open" | "half-open";

/**
 * Stops calls to a server that does not answer, so that it is not hammered while it starts, and callers do not
 * wait for time-out after time-out. After a rest one call probes it.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #openMs: number;
  #openUntil = 0;
  #state: BreakerState = "closed";

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#openMs = Math.min(options.openMs, options.maxOpenMs);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Milliseconds until a call may be tried, 0 when one may now. While a probe runs: a short look-again time. */
  get waitMs(): number {
    if (this.#state === "closed") return 0;
    if (this.#state === "half-open") return PROBE_LOOK_MS;
    return Math.max(0, this.#openUntil - this.#options.clock.monotonic());
  }

  /** Notes that a call starts; the first after a rest is the probe. */
  start(): void {
    if (this.#state === "open") this.#state = "half-open";
  }

  /** Notes that the server answered, be it with an error. */
  answered(): void {
    this.#failures = 0;
    this.#openMs = Math.min(this.#options.openMs, this.#options.maxOpenMs);
    this.#state = "closed";
  }

  /** Notes that it did not. */
  unanswered(): void {
    this.#failures += 1;
    if (this.#state === "closed" && this.#failures < this.#options.failures) return;
    if (this.#state === "half-open") this.#openMs = Math.min(this.#openMs * 2, this.#options.maxOpenMs);
    this.#state = "open";
    this.#openUntil = this.#options.clock.monotonic() + this.#openMs;
  }

  /** Notes that a call ended without telling anything about the server, such as by an abort. */
  inconclusive(): void {
    if (this.#state === "half-open") this.#state = "open";
  }
}

const PROBE_LOOK_MS = 50;
