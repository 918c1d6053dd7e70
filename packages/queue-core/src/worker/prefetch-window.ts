/** What is fetched ahead should be finished in this time: a crash or a pause then delays little. */
const AHEAD_MS = 100;
/** A sample of the pace is at least this long, so that one burst of the event loop is not taken for the pace. */
const MIN_SAMPLE_MS = 10;
/** And it ends by then, however few jobs finished. */
const MAX_SAMPLE_MS = 1_000;

/**
 * How many jobs a worker may hold: its slots, and ahead of them what it finishes in about 100 ms at the pace of
 * late, up to `prefetch`. Starts at the slots alone; each sample spans two rounds of the slots or a second, and the next
 * window follows it, down as fast as up.
 */
export class PrefetchWindow {
  readonly #concurrency: number;
  readonly #prefetch: number;
  #ahead = 0;
  #finished = 0;
  #sampleStart: number;

  constructor(concurrency: number, prefetch: number, nowMs: number) {
    this.#concurrency = concurrency;
    this.#prefetch = prefetch;
    this.#sampleStart = nowMs;
  }

  /** Notes one job that ended. */
  finished(): void {
    this.#finished++;
  }

  size(nowMs: number): number {
    const elapsedMs = nowMs - this.#sampleStart;
    const enough = elapsedMs >= MIN_SAMPLE_MS && this.#finished >= 2 * this.#concurrency;
    if (enough || elapsedMs >= MAX_SAMPLE_MS) {
      this.#ahead = Math.min(this.#prefetch, Math.floor((this.#finished / elapsedMs) * AHEAD_MS));
      this.#finished = 0;
      this.#sampleStart = nowMs;
    }
    return this.#concurrency + this.#ahead;
  }
}
