import type { ActiveJob } from "./active-job.ts";

/** Fetched jobs that wait for a slot, first in, first out. O(1) to put in and take out. */
export class ReadyBuffer {
  #jobs: ActiveJob[] = [];
  #head = 0;

  get size(): number {
    return this.#jobs.length - this.#head;
  }

  push(job: ActiveJob): void {
    this.#jobs.push(job);
  }

  shift(): ActiveJob | undefined {
    if (this.#head === this.#jobs.length) return undefined;
    const job = this.#jobs[this.#head++];
    if (this.#head === this.#jobs.length) {
      this.#jobs = [];
      this.#head = 0;
    }
    return job;
  }

  /** The job that has waited longest. */
  peek(): ActiveJob | undefined {
    return this.#jobs[this.#head];
  }

  /** Takes out what lies beyond the first `keep` jobs, in order. */
  takeBeyond(keep: number): ActiveJob[] {
    return this.#jobs.splice(this.#head + keep);
  }

  /** Takes out the jobs that meet a condition, in order. */
  takeWhere(condition: (job: ActiveJob) => boolean): ActiveJob[] {
    const taken: ActiveJob[] = [];
    const kept: ActiveJob[] = [];
    for (const job of this) (condition(job) ? taken : kept).push(job);
    this.#jobs = kept;
    this.#head = 0;
    return taken;
  }

  *[Symbol.iterator](): IterableIterator<ActiveJob> {
    for (let index = this.#head; index < this.#jobs.length; index++) yield this.#jobs[index] as ActiveJob;
  }
}
