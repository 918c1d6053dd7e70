import type { Clock, Timer } from "@chimera/dlq";
import { JobAborted } from "./abort-reasons.ts";
import type { ActiveJob, JobContext } from "./active-job.ts";

/** What a user writes to run one job. */
export type JobHandler<Out> = (payload: Out, job: JobContext) => unknown;

/** What the executor needs of its worker. */
export interface ExecutorOptions<Out> {
  readonly handler: JobHandler<Out>;
  readonly concurrency: number;
  /** 0: no limit. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly decode: (body: string) => Out | Promise<Out>;
  /** The next job to start, or `undefined` while there is none or none may start. */
  readonly next: (nowMs: number) => ActiveJob | undefined;
  readonly succeeded: (job: ActiveJob, durationMs: number) => void;
  readonly failed: (job: ActiveJob, error: unknown) => void;
  /** The body could not be decoded or does not match the schema; the handler was not called. */
  readonly invalid: (job: ActiveJob, error: unknown) => void;
}

/** A place for one running handler. Given up, with whatever still runs in it, when its attempt times out. */
class Slot {
  job: ActiveJob | undefined;
}

/**
 * Runs handlers in a fixed number of slots. A slot is one loop that takes job after job, so a job costs no timer, no
 * closure and no promise but the handler's own; a single timer watches over the time-outs of all.
 */
export class Executor<Out> {
  readonly #options: ExecutorOptions<Out>;
  readonly #slots: Slot[];
  readonly #free: number[];
  #timer: Timer | undefined;

  constructor(options: ExecutorOptions<Out>) {
    this.#options = options;
    this.#slots = Array.from({ length: options.concurrency }, () => new Slot());
    this.#free = this.#slots.map((_, index) => index).toReversed();
  }

  /** Jobs whose handlers run and whose attempts are not over. */
  get running(): number {
    return this.#slots.length - this.#free.length;
  }

  *jobs(): IterableIterator<ActiveJob> {
    for (const { job } of this.#slots) if (job !== undefined) yield job;
  }

  /** Starts jobs while there are both jobs and free slots. */
  fill(): void {
    while (this.#free.length > 0) {
      const nowMs = this.#options.clock.monotonic();
      const job = this.#options.next(nowMs);
      if (job === undefined) return;
      void this.#run(this.#free.pop() as number, job, nowMs);
    }
  }

  /** Ends the attempt of a job that runs; whatever its handler does later is ignored and its slot is free. */
  giveUp(job: ActiveJob): void {
    const index = this.#slots.findIndex((slot) => slot.job === job);
    if (index === -1) return;
    this.#slots[index] = new Slot();
    this.#free.push(index);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #run(index: number, first: ActiveJob, startMs: number): Promise<void> {
    const { handler, decode, next, succeeded, clock } = this.#options;
    const slot = this.#slots[index] as Slot;
    let job: ActiveJob | undefined = first;
    let nowMs = startMs;
    while (job !== undefined) {
      slot.job = job;
      job.startedAt = nowMs;
      if (this.#timer === undefined) this.#watch(nowMs);
      let decoded = false;
      let failure: { readonly error: unknown } | undefined;
      try {
        let payload = decode(job.delivery.job.body);
        if (payload instanceof Promise) payload = await payload;
        decoded = true;
        const outcome = handler(payload, job);
        // A handler that answers no promise costs none.
        if (isThenable(outcome)) await outcome;
      } catch (error) {
        failure = { error };
      }
      if (slot.job !== job) return;
      nowMs = clock.monotonic();
      if (failure === undefined) succeeded(job, nowMs - job.startedAt);
      else this.#report(job, failure.error, decoded);
      slot.job = undefined;
      job = next(nowMs);
    }
    this.#free.push(index);
  }

  #report(job: ActiveJob, error: unknown, decoded: boolean): void {
    if (decoded) this.#options.failed(job, error);
    else this.#options.invalid(job, error);
  }

  #watch(nowMs: number): void {
    const { timeoutMs, clock } = this.#options;
    if (timeoutMs === 0) return;
    let earliestMs = Infinity;
    for (const job of this.jobs()) earliestMs = Math.min(earliestMs, job.startedAt);
    if (earliestMs === Infinity) return;
    this.#timer = clock.schedule(() => this.#timeOut(), earliestMs + timeoutMs - nowMs, true);
  }

  #timeOut(): void {
    this.#timer = undefined;
    const { timeoutMs, clock, failed } = this.#options;
    const nowMs = clock.monotonic();
    for (const job of this.jobs()) {
      if (nowMs - job.startedAt < timeoutMs) continue;
      const error = new JobAborted("JOB_TIMED_OUT", `The attempt took longer than ${timeoutMs} ms`);
      this.giveUp(job);
      job.abort(error);
      failed(job, error);
    }
    this.#watch(nowMs);
    this.fill();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
