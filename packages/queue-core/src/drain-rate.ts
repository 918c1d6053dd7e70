/** Busy milliseconds that a rate is taken over: consumers that come back from an outage are trusted again after them. */
const WINDOW_MS = 10_000;
/** Between two looks this near, a backlog at both is taken to have been there all the time. */
const NEAR_MS = 2_000;

/** A queue at one moment. */
export interface DrainSample {
  readonly atMs: number;
  /** Jobs that waited. */
  readonly backlog: number;
  /** How long the first of them had waited. */
  readonly oldestReadyMs: number;
  /** Jobs that had left the queue since it began. */
  readonly left: number;
}

/**
 * How fast consumers are, from looks at a queue. Only the time counts in which jobs waited: an idle minute says nothing
 * of it, and a queue that was idle would otherwise turn producers away at the first burst.
 */
export class DrainRate {
  /** Busy intervals, oldest first. */
  #intervals: { readonly ms: number; readonly left: number }[] = [];
  #previous: DrainSample | undefined;

  /** Jobs a second, with one more look; 0 while nothing is known. */
  after(sample: DrainSample): number {
    const previous = this.#previous;
    this.#previous = sample;
    if (previous !== undefined) this.#count(previous, sample);
    let ms = 0;
    let left = 0;
    for (const interval of this.#intervals) {
      ms += interval.ms;
      left += interval.left;
    }
    return ms === 0 ? 0 : (left / ms) * 1_000;
  }

  #count(previous: DrainSample, { atMs, backlog, oldestReadyMs, left }: DrainSample): void {
    const ms = atMs - previous.atMs;
    const wasBusy = oldestReadyMs >= ms || (ms <= NEAR_MS && previous.backlog > 0 && backlog > 0);
    if (ms <= 0 || !wasBusy) return;
    this.#intervals.push({ ms, left: Math.max(0, left - previous.left) });
    let newerMs = 0;
    let first = this.#intervals.length;
    while (first > 0 && newerMs < WINDOW_MS) newerMs += this.#intervals[--first]?.ms ?? 0;
    if (first > 0) this.#intervals = this.#intervals.slice(first);
  }
}
