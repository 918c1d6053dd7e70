import type { Clock, Timer } from "@chimera/dlq";
import type { QueueBackend } from "../protocol.ts";
import type { InHand } from "./in-hand.ts";
import type { Intake } from "./intake.ts";

/** Half of the second within which every consumer sees a pause. */
const BEAT_MS = 500;

/** What the watch looks at. */
export interface PauseWatchOptions {
  readonly backend: QueueBackend;
  readonly clock: Clock;
  readonly intake: Intake;
  readonly inHand: InHand;
}

/**
 * Looks after jobs that were fetched and are slow to start: hands them back when the queue was paused, and hands back
 * those that the worker would not come to in about 100 ms any more. At most one question every half second, and none
 * while jobs start soon after they are fetched.
 */
export class PauseWatch {
  readonly #options: PauseWatchOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: PauseWatchOptions) {
    this.#options = options;
  }

  /** Begins to look if it does not; to be called whenever jobs arrive. */
  watch(): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.schedule(() => void this.#look(), BEAT_MS, true);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { backend, clock, intake, inHand } = this.#options;
    this.#timer = undefined;
    const nowMs = clock.monotonic();
    intake.trim(nowMs);
    let oldest = Infinity;
    for (const { fetchedAt } of inHand.unstarted()) oldest = Math.min(oldest, fetchedAt);
    if (oldest === Infinity) return;
    this.watch();
    if (nowMs - oldest < BEAT_MS) return;
    try {
      const { paused } = await backend.metrics();
      if (paused) inHand.releaseUnstarted();
    } catch {
      // A backend that cannot answer cannot have been paused just now; the fetch loop reports it.
    }
  }
}
