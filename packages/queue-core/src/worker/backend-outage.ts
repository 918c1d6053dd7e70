import { backoffDelayMs, type Clock, type Logger, type Timer } from "@chimera/dlq";
import { readThrown } from "./thrown.ts";

/** The longest time between two tries to reach a backend that is away. */
const MAX_RETRY_MS = 5_000;

/** What an outage needs to know, and whom it tells. */
export interface BackendOutageOptions {
  readonly queue: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** It is time for the next try. */
  readonly retry: () => void;
  /** The backend answers again. */
  readonly over: (outageMs: number) => void;
}

/** Whether and since when a backend does not answer, and the wait before it is tried again. */
export class BackendOutage {
  readonly #options: BackendOutageOptions;
  #failures = 0;
  #downSince = 0;
  #timer: Timer | undefined;

  constructor(options: BackendOutageOptions) {
    this.#options = options;
  }

  /** Milliseconds since the backend stopped answering; 0 while it answers. */
  get durationMs(): number {
    return this.#failures === 0 ? 0 : this.#options.clock.monotonic() - this.#downSince;
  }

  /** Whether a try is to come. */
  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  succeeded(): void {
    if (this.#failures === 0) return;
    const { logger, queue, over } = this.#options;
    const outageMs = this.durationMs;
    this.#failures = 0;
    logger.warn("worker.reconnected", { queue, outageMs });
    over(outageMs);
  }

  failed(error: unknown): void {
    if (this.#failures++ > 0) return;
    const { clock, logger, queue } = this.#options;
    this.#downSince = clock.monotonic();
    const { code, message } = readThrown(error);
    logger.error("worker.backend_unavailable", { queue, code, message });
  }

  /** Tries again after a wait that grows with the failures, up to 5 s. */
  retryLater(): void {
    const { clock, random, retry } = this.#options;
    this.#timer ??= clock.schedule(
      () => {
        this.#timer = undefined;
        retry();
      },
      backoffDelayMs(this.#failures, { maxDelayMs: MAX_RETRY_MS }, random),
    );
  }

  /** Ends the wait without a try. */
  stopWaiting(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
