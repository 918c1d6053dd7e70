import { sleep } from "@chimera/dlq";
import type { Clock } from "@chimera/dlq";

import type { Endpoint } from "./endpoint.ts";

/** How long to wait for a server that may be called. */
export interface AcquireOptions {
  /** A server that must be taken, since what was sent to it may have happened. */
  readonly pinned?: Endpoint | undefined;
  /** On the monotonic clock; afterwards the answer is `undefined`. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/** The servers of one adapter: used in turn, those that rest passed over. */
export class EndpointPool {
  readonly #endpoints: readonly Endpoint[];
  readonly #clock: Clock;
  #next = 0;

  constructor(endpoints: readonly Endpoint[], clock: Clock) {
    this.#endpoints = endpoints;
    this.#clock = clock;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /**
   * A server that may be called, already noted as called; the caller must tell its breaker how that ended.
   *
   * @throws the signal's reason.
   */
  async acquire({ pinned, deadline, signal }: AcquireOptions): Promise<Endpoint | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      const candidates = pinned === undefined ? this.#inTurn() : [pinned];
      const waits = candidates.map(({ breaker }) => breaker.waitMs);
      const waitMs = Math.min(...waits);
      const endpoint = candidates[waits.indexOf(waitMs)];
      if (endpoint !== undefined && waitMs === 0) {
        endpoint.breaker.start();
        return endpoint;
      }
      const leftMs = deadline - this.#clock.monotonic();
      if (leftMs <= 0) return undefined;
      await sleep(this.#clock, Math.min(waitMs, leftMs), signal);
    }
  }

  #inTurn(): Endpoint[] {
    const start = this.#next++ % this.#endpoints.length;
    return [...this.#endpoints.slice(start), ...this.#endpoints.slice(0, start)];
  }
}
