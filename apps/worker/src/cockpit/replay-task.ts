import { errorMessage, redactText, replay } from "@chimera/dlq";
import type {
  Clock,
  DeadLetterFilter,
  DeadLetterStore,
  Logger,
  ReplayProgress,
  ReplayReport,
  ReplayTarget,
} from "@chimera/dlq";

import type { ReplayState } from "./cockpit-state.ts";

/** What a replay is made of. */
export interface ReplayTaskParts {
  readonly store: DeadLetterStore;
  readonly target: () => ReplayTarget;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Which letters go back, and how fast. */
export interface ReplayOrder {
  readonly filter: DeadLetterFilter;
  /** Letters a second, > 0. @defaultValue no limit */
  readonly ratePerSecond?: number | undefined;
}

const COUNTS_OF_NONE = { taken: 0, duplicates: 0, failed: 0, skipped: 0 };

/**
 * The replay of this process: one at a time, in the background. Cut short at any point, the letters that were not taken
 * are still dead, and the same order goes on where it was.
 */
export class ReplayTask {
  readonly #parts: ReplayTaskParts;
  readonly #closing = new AbortController();
  #stop = new AbortController();
  #running: Promise<void> | undefined;
  #state: ReplayState | null = null;

  constructor(parts: ReplayTaskParts) {
    this.#parts = parts;
  }

  /** How the replay that runs stands, or how the last one ended; `null` before the first. */
  get state(): ReplayState | null {
    return this.#state;
  }

  /** Begins; answers `busy` when one runs already, or the service is about to end. @throws what `stats` of the store throws */
  async start(order: ReplayOrder): Promise<"started" | "busy"> {
    if (this.#running !== undefined || this.#closing.signal.aborted) return "busy";
    // Before the letters are counted, which can take long: a stop that comes meanwhile is meant for this one.
    this.#stop = new AbortController();
    const counting = this.#count(order.filter);
    this.#running = counting.then(
      async (target) =>
        this.#run(target, order).finally(() => {
          this.#running = undefined;
        }),
      () => {},
    );
    try {
      await counting;
    } catch (error) {
      this.#running = undefined;
      throw error;
    }
    return "started";
  }

  /** Ends it after the letters under way; answers whether one ran. */
  stop(): boolean {
    this.#stop.abort();
    return this.#running !== undefined;
  }

  /** Ends it before the queue that it fills is closed, and takes no further orders. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #count(filter: DeadLetterFilter): Promise<ReplayTarget> {
    const { store, target: makeTarget, clock } = this.#parts;
    const target = makeTarget();
    const { count } = await store.stats(filter);
    this.#state = {
      status: "running",
      target: target.name,
      total: count,
      ...COUNTS_OF_NONE,
      startedAtMs: clock.now(),
    };
    return target;
  }

  async #run(target: ReplayTarget, { filter, ratePerSecond }: ReplayOrder): Promise<void> {
    const { store, logger, clock } = this.#parts;
    const signal = AbortSignal.any([this.#stop.signal, this.#closing.signal]);
    let ended: Partial<ReplayState>;
    try {
      signal.throwIfAborted();
      const report = await replay(store, target, {
        filter,
        clock,
        ...(ratePerSecond !== undefined && { ratePerSecond }),
        signal,
        onProgress: (progress) => this.#note(countsOf(progress)),
      });
      ended = endOf(report);
    } catch (error) {
      ended = signal.aborted
        ? { status: "stopped" }
        : { status: "failed", error: redactText(errorMessage(error)) };
    }
    this.#note({ ...ended, endedAtMs: clock.now() });
    logger.info("cockpit.replay_ended", { ...this.#state });
  }

  #note(changes: Partial<ReplayState>): void {
    if (this.#state !== null) this.#state = { ...this.#state, ...changes };
  }
}

function endOf(report: ReplayReport): Partial<ReplayState> {
  const counts = countsOf(report);
  if (report.ended === "target-unavailable") {
    return { status: report.ended, ...counts, error: redactText(errorMessage(report.error)) };
  }
  return { status: report.ended === "aborted" ? "stopped" : "done", ...counts };
}

function countsOf({ taken, duplicates, failed, skipped }: ReplayProgress): typeof COUNTS_OF_NONE {
  return { taken, duplicates, failed, skipped };
}
