import type { ActiveJob } from "./active-job.ts";
import { ReadyBuffer } from "./ready-buffer.ts";

/**
 * Jobs that were under way when their consumer died, twice or more. Each runs with nothing else in this worker's
 * hands: if it kills the process again, it takes no neighbour with it.
 */
export class SuspectLane {
  readonly #waiting = new ReadyBuffer();
  #running: ActiveJob | undefined;

  /** Whether a suspect waits or runs: nothing else may be fetched or started. */
  get engaged(): boolean {
    return this.#running !== undefined || this.#waiting.size > 0;
  }

  get waiting(): Iterable<ActiveJob> & { readonly size: number } {
    return this.#waiting;
  }

  add(job: ActiveJob): void {
    this.#waiting.push(job);
  }

  /**
   * The suspect to start now, if there is one.
   *
   * @param quiet - whether the worker holds nothing else at all, settlements without an answer included.
   */
  next(quiet: boolean): ActiveJob | undefined {
    if (this.#running !== undefined) {
      if (!this.#running.ended || !quiet) return undefined;
      this.#running = undefined;
    }
    if (quiet) this.#running = this.#waiting.shift();
    return this.#running;
  }

  /** Takes out every suspect that was not started. */
  clear(): ActiveJob[] {
    return this.#waiting.takeBeyond(0);
  }
}
