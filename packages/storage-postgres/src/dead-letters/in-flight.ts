import type { Clock } from "@chimera/dlq";
import { DlqError, systemClock } from "@chimera/dlq";

/** Calls under way, so that a close can wait for them, and a gate that is shut afterwards. */
export class InFlight {
  readonly #clock: Clock;
  readonly #calls = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** @throws DlqError `DLQ_CLOSED` after {@link close}; what `call` throws. */
  async run<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new DlqError("DLQ_CLOSED", "The dead-letter store was closed");
    const running = call();
    this.#calls.add(running);
    try {
      return await running;
    } finally {
      this.#calls.delete(running);
    }
  }

  /** Shuts the gate, then waits at most `deadlineMs` for calls under way. Never rejects. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.schedule(resolve, deadlineMs);
      void Promise.allSettled(this.#calls).then(() => (timer.cancel(), resolve()));
    });
  }
}
