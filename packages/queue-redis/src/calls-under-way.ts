/** Calls that have not been answered yet, for a close that waits for them. */
export class CallsUnderWay {
  #count = 0;
  readonly #onIdle = new Set<() => void>();

  /** Passes on what the call comes to. */
  async track<T>(call: Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await call;
    } finally {
      this.#count--;
      if (this.#count === 0) for (const resolve of this.#onIdle) resolve();
    }
  }

  /** Resolves when every call has ended, either way. */
  async idle(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#onIdle.add(resolve));
  }
}
