import type { Clock, Timer } from "@chimera/dlq";
import type { ActiveJob } from "./active-job.ts";

/**
 * Jobs that are kept under their lease until a later time and then handed back, for waits that must not use up a
 * delivery. One timer for all.
 */
export class Parking {
  readonly #clock: Clock;
  readonly #release: (jobs: readonly ActiveJob[]) => void;
  readonly #dueAt = new Map<ActiveJob, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock, release: (jobs: readonly ActiveJob[]) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  get size(): number {
    return this.#dueAt.size;
  }

  jobs(): IterableIterator<ActiveJob> {
    return this.#dueAt.keys();
  }

  add(job: ActiveJob, delayMs: number): void {
    this.#dueAt.set(job, this.#clock.monotonic() + delayMs);
    this.#arm();
  }

  /** Its lease was lost: nothing is left to hand back. */
  drop(job: ActiveJob): void {
    this.#dueAt.delete(job);
  }

  /** Hands every job back now. */
  empty(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const jobs = [...this.#dueAt.keys()];
    this.#dueAt.clear();
    if (jobs.length > 0) this.#release(jobs);
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#dueAt.size === 0) return;
    const earliest = Math.min(...this.#dueAt.values());
    this.#timer = this.#clock.schedule(() => this.#due(), Math.max(0, earliest - this.#clock.monotonic()));
  }

  #due(): void {
    const nowMs = this.#clock.monotonic();
    const due = [...this.#dueAt].filter(([, at]) => at <= nowMs).map(([job]) => job);
    for (const job of due) this.#dueAt.delete(job);
    if (due.length > 0) this.#release(due);
    this.#arm();
  }
}
