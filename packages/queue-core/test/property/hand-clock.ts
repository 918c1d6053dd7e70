import type { Clock } from "@chimera/dlq";

/** A clock that is moved between calls, for histories in which nobody waits. */
export class HandClock implements Clock {
  #ms = 1_700_000_000_000;

  now(): number {
    return this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  schedule(): { cancel(): void } {
    return { cancel: () => undefined };
  }

  advance(durationMs: number): void {
    this.#ms += durationMs;
  }
}
