import { enqueueError } from "./enqueue-outcome.ts";
import { MAX_BATCH, type EnqueueResult, type NewJob, type QueueBackend } from "./protocol.ts";

/** What each enqueue of a batch comes to: the id of the job in the queue, or why there is none. */
type Outcomes = readonly (string | Error)[];

/** Jobs that leave in one call, when `send` is called. */
interface Batch {
  readonly jobs: NewJob[];
  readonly outcomes: Promise<Outcomes>;
  readonly send: () => void;
}

/**
 * What an enqueue waits with, by its place in the batch. Made once, so that a waiting enqueue is a promise and nothing
 * else: closures of its own would triple what a producer far ahead of the backend keeps alive.
 */
const PICK: readonly ((outcomes: Outcomes) => string)[] = Array.from(
  { length: MAX_BATCH },
  (_, index) => (outcomes: Outcomes) => {
    const outcome = outcomes[index];
    if (typeof outcome === "string") return outcome;
    throw outcome as Error;
  },
);

/**
 * Joins the enqueues of one tick into calls of at most 250 jobs, in the order in which they were made.
 *
 * On Redis this alone is worth 2.9 times the rate at 50 producers. It costs no waiting: a batch leaves when it is
 * full, else with the micro-tasks of the tick.
 */
export class EnqueueBatcher {
  readonly #backend: QueueBackend;
  #open: Batch | undefined;

  constructor(backend: QueueBackend) {
    this.#backend = backend;
  }

  /** Resolves with the id of the job that is in the queue now. @throws QueueError as {@link enqueueError} says */
  // oxlint-disable-next-line typescript/promise-function-async -- an async function would make a second promise a job
  add(job: NewJob): Promise<string> {
    const batch = (this.#open ??= this.#begin());
    const pick = PICK[batch.jobs.push(job) - 1];
    if (batch.jobs.length === MAX_BATCH) this.flush();
    return batch.outcomes.then(pick);
  }

  /** Sends what is gathered now. */
  flush(): void {
    const batch = this.#open;
    this.#open = undefined;
    batch?.send();
  }

  #begin(): Batch {
    const jobs: NewJob[] = [];
    let send!: () => void;
    const outcomes = new Promise<Outcomes>((resolve) => {
      send = () => resolve(this.#send(jobs));
    });
    const batch = { jobs, outcomes, send };
    queueMicrotask(() => {
      if (this.#open === batch) this.flush();
    });
    return batch;
  }

  async #send(jobs: readonly NewJob[]): Promise<Outcomes> {
    const results = await this.#backend.enqueue(jobs);
    return jobs.map((job, index) => this.#outcomeOf(job, results[index] as EnqueueResult));
  }

  #outcomeOf(job: NewJob, result: EnqueueResult): string | Error {
    if (result.status === "enqueued" || result.status === "duplicate") return result.id;
    return enqueueError(this.#backend.name, job.id, result);
  }
}
