import { setTimeout as delay } from "node:timers/promises";

import type { Pressure, Queue } from "@chimera/queue-core";

import type { Feature } from "./feed.ts";

const TICK_MS = 100;
/** What is left of the rate after each tick under pressure; how much of the full rate each calm tick gives back. */
const SLOW_DOWN = { high: 0.9, critical: 0.5 } as const;
const SPEED_UP = 0.02;
/** It goes on asking: a producer that stood still would not notice that it may go on. */
const MIN_SHARE = 0.01;

/**
 * A producer that heeds backpressure: it offers events at a rate, offers fewer while the queue says `high`, and takes
 * `critical` as a refusal, as it would a 429.
 */
export class PacedProducer {
  readonly #queue: Queue;
  readonly #features: readonly Feature[];
  readonly #ratePerSecond: number;
  #share = 1;
  /** Events that the queue took, and that it was not given because it was critical. */
  accepted = 0;
  refused = 0;
  pressure: Pressure | undefined;

  constructor(queue: Queue, features: readonly Feature[], ratePerSecond: number) {
    this.#queue = queue;
    this.#features = features;
    this.#ratePerSecond = ratePerSecond;
  }

  /** Events a second at which it offers now. */
  get pace(): number {
    return this.#ratePerSecond * this.#share;
  }

  /** Offers events for `forMs`. @throws the signal's reason; whatever the queue refuses an event with. */
  async run(forMs: number, signal: AbortSignal): Promise<void> {
    const endsAt = performance.now() + forMs;
    let countedAt = performance.now();
    let owed = 0;
    while (performance.now() < endsAt) {
      await delay(TICK_MS, undefined, { signal });
      const now = performance.now();
      owed += ((now - countedAt) / 1_000) * this.pace;
      countedAt = now;
      const count = Math.floor(owed);
      owed -= count;
      await this.#offer(count);
    }
  }

  async #offer(count: number): Promise<void> {
    this.pressure = await this.#queue.pressure();
    const { level } = this.pressure;
    this.#share =
      level === "ok"
        ? Math.min(1, this.#share + SPEED_UP)
        : Math.max(MIN_SHARE, this.#share * SLOW_DOWN[level]);
    if (level === "critical") {
      this.refused += count;
      return;
    }
    const first = this.accepted;
    const sent = Array.from({ length: count }, async (_, index) => {
      const event = this.#event(first + index);
      return this.#queue.enqueue(event, { id: event.id });
    });
    this.accepted += (await Promise.all(sent)).length;
  }

  /** The n-th event: those of the feed over and over, each time under other ids. */
  #event(n: number): Feature {
    const feature = this.#features[n % this.#features.length] as Feature;
    return Object.assign({}, feature, { id: `${feature.id}-${Math.floor(n / this.#features.length)}` });
  }
}
