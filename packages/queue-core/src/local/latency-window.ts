import type { LatencyWindow as LatencyFigures } from "../protocol.ts";

/** The newest samples that are kept. Enough for a p99 of ten samples; sorted in well under a millisecond. */
const CAPACITY = 1_024;
/** Samples older than this no longer count, in milliseconds. */
const WINDOW_MS = 60_000;

/** The percentiles of the newest 1_024 durations of the last minute. Recording is O(1) and allocates nothing. */
export class LatencyWindow {
  readonly #durations = new Float64Array(CAPACITY);
  readonly #times = new Float64Array(CAPACITY);
  #recorded = 0;

  record(durationMs: number, nowMs: number): void {
    const index = this.#recorded++ % CAPACITY;
    this.#durations[index] = durationMs;
    this.#times[index] = nowMs;
  }

  /** O(1): never looks at more than the capacity. */
  figures(nowMs: number): LatencyFigures {
    const kept = Math.min(this.#recorded, CAPACITY);
    const recent = this.#durations
      .subarray(0, kept)
      .filter((_, index) => (this.#times[index] ?? 0) > nowMs - WINDOW_MS)
      .toSorted();
    return {
      p50: percentile(recent, 0.5),
      p95: percentile(recent, 0.95),
      p99: percentile(recent, 0.99),
      count: recent.length,
      windowMs: WINDOW_MS,
    };
  }
}

/** Nearest rank: the smallest sample that is not below the share `rank` of all. */
function percentile(sorted: Float64Array, rank: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * rank) - 1)] ?? 0;
}
