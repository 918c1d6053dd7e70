import type { ActiveJob } from "./active-job.ts";

/** Places at the start; a power of two, as every capacity is. */
const FIRST_CAPACITY = 64;

/** Fetched jobs that wait for a slot, first in, first out: a ring that keeps nothing of what was taken out. */
export class ReadyBuffer {
  #ring: (ActiveJob | undefined)[] = emptyRing(FIRST_CAPACITY);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(job: ActiveJob): void {
    if (this.#size === this.#ring.length) this.#fill([...this], this.#size * 2);
    this.#ring[(this.#head + this.#size++) & (this.#ring.length - 1)] = job;
  }

  shift(): ActiveJob | undefined {
    if (this.#size === 0) return undefined;
    const job = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    return job;
  }

  /** Takes out what lies beyond the first `keep` jobs, in order. */
  takeBeyond(keep: number): ActiveJob[] {
    if (this.#size <= keep) return [];
    const jobs = [...this];
    this.#fill(jobs.slice(0, keep), this.#ring.length);
    return jobs.slice(keep);
  }

  *[Symbol.iterator](): IterableIterator<ActiveJob> {
    for (let index = 0; index < this.#size; index++) {
      yield this.#ring[(this.#head + index) & (this.#ring.length - 1)] as ActiveJob;
    }
  }

  #fill(jobs: readonly ActiveJob[], capacity: number): void {
    this.#ring = emptyRing(capacity);
    for (let index = 0; index < jobs.length; index++) this.#ring[index] = jobs[index];
    this.#head = 0;
    this.#size = jobs.length;
  }
}

function emptyRing(capacity: number): (ActiveJob | undefined)[] {
  return Array.from({ length: capacity });
}
