import type { Clock, Logger, Timer } from "@chimera/dlq";
import type { PooledClient } from "./pooled-client.ts";

/** Reports clients that are kept for long, with the place that took them. Costs one stack trace a client taken. */
export class LeakWatch {
  readonly #leakAfterMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timers = new WeakMap<PooledClient, Timer>();

  /** With `leakAfterMs` 0 it does nothing and costs nothing. */
  constructor(leakAfterMs: number, clock: Clock, logger: Logger) {
    this.#leakAfterMs = leakAfterMs;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The place of the call under way, for {@link took}; nothing when leaks are not looked for. */
  placeOfCall(): Error | undefined {
    return this.#leakAfterMs === 0 ? undefined : placeOfCall();
  }

  took(client: PooledClient, place: Error | undefined): void {
    if (place === undefined) return;
    const report = (): void =>
      this.#logger.warn("postgres.client_kept", { forMs: this.#leakAfterMs, takenAt: place.stack });
    this.#timers.set(client, this.#clock.schedule(report, this.#leakAfterMs, true));
  }

  gaveBack(client: PooledClient): void {
    if (this.#leakAfterMs > 0) this.#timers.get(client)?.cancel();
  }
}

/** With more frames than usual: the first ten may all be ours. */
function placeOfCall(): Error {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const place = new Error("client taken here");
  Error.stackTraceLimit = usual;
  return place;
}
