import type { Clock } from "@chimera/dlq";
import type { Pressure, QueueMetrics } from "@chimera/queue-core";

import type { Service } from "../service.ts";
import { SERIES } from "./cockpit-state.ts";
import type { QueueState, Sample, SeriesName } from "./cockpit-state.ts";

/** What one look at the queue gave. */
export interface QueueView {
  readonly sample: Sample;
  /** `null` when the queue did not answer. */
  readonly queue: QueueState | null;
}

interface Counted {
  readonly atMs: number;
  readonly metrics: QueueMetrics;
}

/** Turns the queue's counters into rates, from one look to the next. Not for looks side by side. */
export class QueueWatch {
  readonly #service: Pick<Service, "queue" | "queueChoice">;
  readonly #clock: Clock;
  #before: Counted | undefined;

  constructor(service: Pick<Service, "queue" | "queueChoice">, clock: Clock) {
    this.#service = service;
    this.#clock = clock;
  }

  /** Never rejects: a queue that does not answer is a gap in the charts. Costs at most two calls of `metrics`. */
  async look(): Promise<QueueView> {
    const { queue } = this.#service;
    try {
      const [metrics, pressure] = await Promise.all([queue.metrics(), queue.pressure()]);
      return { sample: this.#sample(metrics), queue: this.#state(metrics, pressure) };
    } catch {
      this.#before = undefined;
      return { sample: this.#gap(), queue: null };
    }
  }

  #sample(metrics: QueueMetrics): Sample {
    const now = { atMs: this.#clock.monotonic(), metrics };
    const before = this.#before;
    this.#before = now;
    const { depth, due, inFlight, latency } = metrics;
    return {
      atMs: this.#clock.now(),
      depth,
      due,
      inFlight,
      enqueuedPerSecond: perSecond(before, now, ({ enqueued }) => enqueued),
      donePerSecond: perSecond(before, now, ({ processed }) => processed),
      failedPerSecond: perSecond(before, now, ({ failed }) => failed),
      // Without a finished job in the window there is no latency, which is not the same as none at all.
      p50Ms: latency.count === 0 ? null : latency.p50,
      p95Ms: latency.count === 0 ? null : latency.p95,
      p99Ms: latency.count === 0 ? null : latency.p99,
    };
  }

  #gap(): Sample {
    const values = Object.fromEntries(SERIES.map((name) => [name, null])) as Record<SeriesName, null>;
    return { atMs: this.#clock.now(), ...values };
  }

  #state(metrics: QueueMetrics, { level, estimatedDelayMs }: Pressure): QueueState {
    const { durability, paused, delayed, oldestReadyMs } = metrics;
    const { enqueued, processed, failed, retried, deadLettered, reclaimed } = metrics;
    return {
      name: this.#service.queue.name,
      kind: this.#service.queueChoice.kind,
      durability,
      paused,
      delayed,
      oldestReadyMs,
      enqueued,
      processed,
      failed,
      retried,
      deadLettered,
      reclaimed,
      pressure: level,
      estimatedDelayMs,
    };
  }
}

/** `null` for the first look, and for a counter that began anew. */
function perSecond(
  before: Counted | undefined,
  now: Counted,
  read: (metrics: QueueMetrics) => number,
): number | null {
  if (before === undefined || now.atMs <= before.atMs) return null;
  const grown = read(now.metrics) - read(before.metrics);
  if (grown < 0) return null;
  return Math.round((grown / (now.atMs - before.atMs)) * 10_000) / 10;
}
