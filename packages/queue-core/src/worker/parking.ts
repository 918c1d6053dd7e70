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
  #wakesAt = Infinity;
  #open = true;

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
    if (!this.#open) return this.#release([job]);
    const nowMs = this.#clock.monotonic();
    this.#dueAt.set(job, nowMs + delayMs);
    if (nowMs + delayMs < this.#wakesAt) this.#wake(nowMs + delayMs, nowMs);
  }

  /** Forgets a job whose lease was lost; answers whether it was here. */
  drop(job: ActiveJob): boolean {
    return this.#dueAt.delete(job);
  }

  open(): void {
    this.#open = true;
  }

  /** Hands every job back now, and those that come until `open` at once. */
  shut(): void {
    this.#open = false;
    this.#timer?.cancel();
    this.#wakesAt = Infinity;
    const jobs = [...this.#dueAt.keys()];
    this.#dueAt.clear();
    if (jobs.length > 0) this.#release(jobs);
  }

  #wake(atMs: number, nowMs: number): void {
    this.#timer?.cancel();
    this.#wakesAt = atMs;
    this.#timer = this.#clock.schedule(() => this.#due(), Math.max(0, atMs - nowMs));
  }

  #due(): void {
    const nowMs = this.#clock.monotonic();
    const due: ActiveJob[] = [];
    let nextAt = Infinity;
    for (const [job, at] of this.#dueAt) {
      if (at <= nowMs) due.push(job);
      else nextAt = Math.min(nextAt, at);
    }
    for (const job of due) this.#dueAt.delete(job);
    this.#wakesAt = Infinity;
    if (nextAt < Infinity) this.#wake(nextAt, nowMs);
    if (due.length > 0) this.#release(due);
  }
}
