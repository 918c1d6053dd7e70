import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";

/** A value with its labels. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a metric is called, in Prometheus' words: base units, `_total` for counters. */
export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

/**
 * Metrics that a part of the service counts by itself, read at each scrape. A part that does not answer shows nothing
 * rather than old values, and `chimera_part_up` says so.
 */
export class PartMetrics<Snapshot> {
  readonly #registry: Registry;
  readonly #setters: ((snapshot: Snapshot) => void)[] = [];
  readonly #resets: (() => void)[] = [];

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  gauge(description: MetricDescription, read: (snapshot: Snapshot) => readonly Sample[]): this {
    const metric = new Gauge({ ...this.#configuration(description) });
    this.#resets.push(() => metric.reset());
    this.#setters.push((snapshot) => {
      for (const { labels = {}, value } of read(snapshot)) metric.set(labels, value);
    });
    return this;
  }

  /** @param read - sums since the part was made; they only grow */
  counter(description: MetricDescription, read: (snapshot: Snapshot) => readonly Sample[]): this {
    const metric = new Counter({ ...this.#configuration(description) });
    this.#resets.push(() => metric.reset());
    this.#setters.push((snapshot) => {
      for (const { labels = {}, value } of read(snapshot)) metric.inc(labels, value);
    });
    return this;
  }

  /** Reads the part anew; answers whether it could be read. */
  async collect(read: () => Snapshot | Promise<Snapshot>): Promise<boolean> {
    const snapshot = await Promise.resolve()
      .then(read)
      .catch(() => undefined);
    for (const reset of this.#resets) reset();
    if (snapshot === undefined) return false;
    for (const set of this.#setters) set(snapshot);
    return true;
  }

  #configuration({ name, help, labelNames = [] }: MetricDescription): {
    name: string;
    help: string;
    labelNames: string[];
    registers: Registry[];
  } {
    return { name, help, labelNames: [...labelNames], registers: [this.#registry] };
  }
}

/** One sample a property, the property's name as the label. */
export function byLabel(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** A single sample without labels. */
export function only(value: number): Sample[] {
  return [{ value }];
}
