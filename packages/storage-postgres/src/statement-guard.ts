import type { Clock, Timer } from "@chimera/dlq";
import type { Deadline, DeadlineWatch } from "./deadline-watch.ts";
import type { Interruption, Limits } from "./failure.ts";

/** Milliseconds that a cancelled statement has to end before its connection is cut. */
const CANCEL_GRACE_MS = 1_000;

/** What a guard does to the session it watches. */
export interface Guarded {
  readonly clock: Clock;
  readonly deadlines: DeadlineWatch;
  /** Asks the server to cancel, and keeps the session from serving anybody else. */
  cancelRunning(): void;
  destroy(): void;
}

/**
 * Watches the limits of something that runs on the server. At the deadline or the abort the server is asked to
 * cancel it; a server that then stays silent for {@link CANCEL_GRACE_MS} loses the connection.
 */
export class StatementGuard implements Deadline {
  readonly deadlineAt: number;
  readonly #session: Guarded;
  readonly #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;
  #interruption: Interruption | undefined;
  #grace: Timer | undefined;

  /** Begins at once; {@link end} must be called. */
  constructor(session: Guarded, { deadlineAt, signal }: Limits) {
    this.deadlineAt = deadlineAt;
    this.#session = session;
    this.#signal = signal;
    session.deadlines.add(this);
    if (signal === undefined) return;
    // Made only for those who ask: a closure a statement shows in the figures.
    this.#onAbort = () => this.#interrupt("abort");
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** What ended the statement on our side, if we did. */
  get interruption(): Interruption | undefined {
    return this.#interruption;
  }

  onDeadline(): void {
    this.#interrupt("deadline");
  }

  end(): void {
    this.#session.deadlines.remove(this);
    this.#grace?.cancel();
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  #interrupt(interruption: Interruption): void {
    if (this.#interruption !== undefined) return;
    this.#interruption = interruption;
    this.#session.cancelRunning();
    this.#grace = this.#session.clock.schedule(() => this.#session.destroy(), CANCEL_GRACE_MS);
  }
}
