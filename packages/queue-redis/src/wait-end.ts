import type { Clock, Timer } from "@chimera/dlq";

/**
 * Tells everything that belongs to one wait that it is over.
 *
 * An `AbortController` would do as well, but two a wait, made and aborted, are 150 us between an enqueue and the start of its
 * handler on a worker with nothing else to do: an abort makes an error with a stack. And Node 20 keeps some
 * 60 bytes of each `AbortSignal.any` in a source that lives on, 8 MB an hour of a steady load.
 */
export class WaitEnd {
  #over = false;
  readonly #listeners = new Set<() => void>();

  get over(): boolean {
    return this.#over;
  }

  readonly end = (): void => {
    if (this.#over) return;
    this.#over = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  };

  /** Calls `listener` at the end, at once where that has come. Answers what forgets it. */
  onEnd(listener: () => void): () => void {
    if (this.#over) listener();
    else this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when the promise has, or with `undefined` at the end, whichever comes first. */
  async orEnd<T>(promise: Promise<T>): Promise<T | undefined> {
    let forget!: () => void;
    const ended = new Promise<undefined>((resolve) => {
      forget = this.onEnd(() => resolve(undefined));
    });
    try {
      return await Promise.race([promise, ended]);
    } finally {
      forget();
    }
  }

  /** Resolves after that many milliseconds, or at the end. */
  async sleep(clock: Clock, durationMs: number): Promise<void> {
    let timer!: Timer;
    const slept = new Promise<void>((resolve) => {
      timer = clock.schedule(resolve, durationMs);
    });
    await this.orEnd(slept);
    timer.cancel();
  }
}
