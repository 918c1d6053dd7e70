/** Percentiles over the last calls, in milliseconds. */
export interface LatencySummary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Calls that the percentiles are over. */
  readonly count: number;
}

/** The durations of the last 1_024 calls. */
export class LatencyWindow {
  readonly #samples = new Float64Array(1_024);
  #recorded = 0;

  record(durationMs: number): void {
    this.#samples[this.#recorded % this.#samples.length] = durationMs;
    this.#recorded += 1;
  }

  /** Nearest-rank percentiles; zeros when nothing was recorded. Sorts the window: for a scrape, not for a hot path. */
  summary(): LatencySummary {
    const count = Math.min(this.#recorded, this.#samples.length);
    const sorted = this.#samples.subarray(0, count).toSorted();
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), count };
  }
}
