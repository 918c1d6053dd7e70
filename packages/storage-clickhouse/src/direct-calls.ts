import type { Clock } from "@chimera/dlq";

import type { SendBatchOptions } from "./delivery/send-batch.ts";
import { Ending } from "./ending.ts";

/** Calls that need no writer, such as inserts and statements: what a close of the adapter waits for, and ends in time. */
export class DirectCalls {
  readonly #ending: Ending;
  readonly #underWay = new Map<Promise<unknown>, AbortController>();

  constructor(clock: Clock) {
    this.#ending = new Ending(clock);
    this.#ending.signals.giveUp.addEventListener("abort", () => {
      for (const giveUp of this.#underWay.values()) giveUp.abort();
    });
  }

  /** Makes a call under signals that end with its caller's, or with {@link close}. */
  async run<Result>(
    call: (signals: Required<SendBatchOptions>) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const giveUp = new AbortController();
    const onAbort = (): void => giveUp.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    const running = call({ giveUp: giveUp.signal, abandon: this.#ending.signals.abandon });
    this.#underWay.set(running, giveUp);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Waits for the calls under way; ends them so that it resolves within `deadlineMs`. Never rejects. */
  async close(deadlineMs: number): Promise<void> {
    await this.#ending.within(deadlineMs, Promise.allSettled(this.#underWay.keys()));
  }
}
