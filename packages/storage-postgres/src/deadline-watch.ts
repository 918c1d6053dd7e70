import type { Clock, Timer } from "@chimera/dlq";

/** Something that ends at a moment unless it was ended before. */
export interface Deadline {
  /** On the monotonic clock; Infinity for never. */
  readonly deadlineAt: number;
  onDeadline(): void;
}

/**
 * One timer for many deadlines. A timer a statement costs more than all else that the pool does for it; here a
 * statement is put into a set and taken out, and the timer fires once for all that began within a deadline's length.
 */
export class DeadlineWatch {
  readonly #clock: Clock;
  readonly #deadlines = new Set<Deadline>();
  #wakesAt = Infinity;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(deadline: Deadline): void {
    const { deadlineAt } = deadline;
    if (deadlineAt === Infinity) return;
    this.#deadlines.add(deadline);
    if (deadlineAt < this.#wakesAt) this.#wakeAt(deadlineAt);
  }

  remove(deadline: Deadline): void {
    this.#deadlines.delete(deadline);
  }

  #wakeAt(deadlineAt: number): void {
    this.#timer?.cancel();
    this.#wakesAt = deadlineAt;
    // In the background: whoever waits for a server has a socket that keeps the process alive.
    this.#timer = this.#clock.schedule(() => this.#sweep(), deadlineAt - this.#clock.monotonic(), true);
  }

  #sweep(): void {
    this.#wakesAt = Infinity;
    const nowMs = this.#clock.monotonic();
    const over: Deadline[] = [];
    let nextAt = Infinity;
    for (const deadline of this.#deadlines) {
      if (deadline.deadlineAt <= nowMs) over.push(deadline);
      else nextAt = Math.min(nextAt, deadline.deadlineAt);
    }
    if (nextAt < Infinity) this.#wakeAt(nextAt);
    for (const deadline of over) {
      this.#deadlines.delete(deadline);
      deadline.onDeadline();
    }
  }
}
