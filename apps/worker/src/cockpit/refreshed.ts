import type { Clock } from "@chimera/dlq";

/** When a value is read again. */
export interface RefreshOptions {
  readonly clock: Clock;
  /** Milliseconds between the end of one reading and the start of the next, at least. */
  readonly everyMs: number;
}

/** A reading that took long is not begun again before this many times as long: it must not become the load. */
const REST_FACTOR = 10;

/** A value that costs something to read, read in the background and no more often than it is worth. */
export class Refreshed<Value> {
  readonly #read: () => Promise<Value>;
  readonly #options: RefreshOptions;
  #latest: Value | undefined;
  #reading: Promise<void> | undefined;
  #dueAtMs = 0;

  constructor(read: () => Promise<Value>, options: RefreshOptions) {
    this.#read = read;
    this.#options = options;
  }

  /** What the last reading gave; `undefined` before the first has ended, and when the last one failed. */
  get latest(): Value | undefined {
    return this.#latest;
  }

  /** Begins a reading if one is due and none is under way. Never rejects, and nobody has to wait for it. */
  async refresh(): Promise<void> {
    const { clock } = this.#options;
    if (this.#reading === undefined && clock.monotonic() >= this.#dueAtMs) {
      this.#reading = this.#readNow().finally(() => {
        this.#reading = undefined;
      });
    }
    await this.#reading;
  }

  /** Has the next call of `refresh` read, because the value has changed. */
  expire(): void {
    this.#dueAtMs = 0;
  }

  async #readNow(): Promise<void> {
    const { clock, everyMs } = this.#options;
    const startedAt = clock.monotonic();
    try {
      this.#latest = await this.#read();
    } catch {
      this.#latest = undefined;
    }
    const tookMs = clock.monotonic() - startedAt;
    this.#dueAtMs = startedAt + tookMs + Math.max(everyMs, tookMs * REST_FACTOR);
  }
}
