/** Quantiles of waits, in milliseconds. */
export interface WaitTimes {
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Up to here a wait is counted to the millisecond, above it to three digits: written results stay small. */
const EXACT_MS = 1_000;

/** Waits by length, rounded up: what is read from it is never better than it was. Several can be summed. */
export class Tally {
  readonly #counts: Map<number, number>;

  constructor(counts: Readonly<Record<string, number>> = {}) {
    this.#counts = new Map(Object.entries(counts).map(([ms, count]) => [Number(ms), count]));
  }

  add(ms: number, count = 1): void {
    const step = ms <= EXACT_MS ? 1 : 10 ** (Math.floor(Math.log10(ms)) - 2);
    const rounded = Math.ceil(ms / step) * step;
    this.#counts.set(rounded, (this.#counts.get(rounded) ?? 0) + count);
  }

  merge(other: Tally): this {
    for (const [ms, count] of other.#counts) this.#counts.set(ms, (this.#counts.get(ms) ?? 0) + count);
    return this;
  }

  times(): WaitTimes {
    const sorted = [...this.#counts].toSorted(([a], [b]) => a - b);
    const samples = sorted.reduce((sum, [, count]) => sum + count, 0);
    const at = (quantile: number): number => {
      let left = Math.ceil(quantile * samples);
      return sorted.find(([, count]) => (left -= count) <= 0)?.[0] ?? 0;
    };
    return { samples, p50: at(0.5), p99: at(0.99), max: sorted.at(-1)?.[0] ?? 0 };
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => a - b));
  }
}
