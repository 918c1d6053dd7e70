import type { Timer } from "@chimera/dlq";
import { QueueError } from "../errors.ts";
import { JobAborted } from "./abort-reasons.ts";
import type { ActiveJob, JobContext } from "./active-job.ts";
import type { JobRunner, RunnerHooks } from "./job-runner.ts";

/**
 * What a user writes to run many jobs at once. Answering nothing means that all are done; throwing, that all failed;
 * a list says so for each, in order, in the shape that `Promise.allSettled` answers.
 */
export type BatchHandler<Out> = (
  payloads: readonly Out[],
  jobs: readonly JobContext[],
) => BatchResults | Promise<BatchResults>;

// oxlint-disable-next-line typescript/no-invalid-void-type -- a handler that answers nothing is a good handler
export type BatchResults = readonly PromiseSettledResult<unknown>[] | undefined | void;

/** How batches are put together. */
export interface BatchExecutorOptions<Out> extends RunnerHooks {
  readonly handler: BatchHandler<Out>;
  /** Batches that run at a time. */
  readonly concurrency: number;
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  readonly decode: (body: string) => Out | Promise<Out>;
}

/** Jobs whose handler runs together. */
interface Group {
  readonly jobs: readonly ActiveJob[];
  readonly startedAt: number;
  /** Its place was freed: by its end, its time-out, or because every job was given up. */
  over: boolean;
  timer: Timer | undefined;
}

/** A job that has a payload. */
interface Decoded<Out> {
  readonly job: ActiveJob;
  readonly payload: Out;
}

/**
 * Runs batches: a batch starts when it is full, or `maxWaitMs` after its first job came. A suspect is a batch of its own.
 */
export class BatchExecutor<Out> implements JobRunner {
  readonly #options: BatchExecutorOptions<Out>;
  readonly #groups = new Set<Group>();
  #gathered: ActiveJob[] = [];
  #gatheredSince = 0;
  #timer: Timer | undefined;

  constructor(options: BatchExecutorOptions<Out>) {
    this.#options = options;
  }

  get running(): number {
    let running = this.#gathered.length;
    for (const group of this.#groups) running += group.jobs.length;
    return running;
  }

  *jobs(): IterableIterator<ActiveJob> {
    yield* this.#gathered;
    for (const group of this.#groups) for (const job of group.jobs) if (!job.ended) yield job;
  }

  fill(): void {
    const { concurrency, maxBatch, maxWaitMs, clock, next } = this.#options;
    while (this.#groups.size < concurrency) {
      const nowMs = clock.monotonic();
      const job = this.#gathered.length < maxBatch ? next(nowMs) : undefined;
      if (job?.delivery.suspect === true) {
        this.#start([job], nowMs);
      } else if (job !== undefined) {
        if (this.#gathered.push(job) === 1) this.#gatheredSince = nowMs;
      } else {
        const waitMs = this.#gatheredSince + maxWaitMs - nowMs;
        if (this.#gathered.length === 0) return;
        if (this.#gathered.length < maxBatch && waitMs > 0) return this.#wake(waitMs);
        if (!this.#dropLost(nowMs)) this.#start(this.#gathered.splice(0), nowMs);
      }
    }
  }

  unstarted(): readonly ActiveJob[] {
    return this.#gathered;
  }

  giveUp(job: ActiveJob): void {
    for (const group of this.#groups) {
      if (group.jobs.includes(job) && group.jobs.every((other) => other === job || other.ended))
        this.#end(group);
    }
  }

  takeUnstarted(): ActiveJob[] {
    return this.#gathered.splice(0);
  }

  stop(): void {
    this.#timer?.cancel();
    for (const group of this.#groups) group.timer?.cancel();
  }

  /** Hands back what was lost while it was gathered; answers whether there was any. */
  #dropLost(nowMs: number): boolean {
    const lost = this.#gathered.filter((job) => !job.isOurs(nowMs));
    this.#gathered = this.#gathered.filter((job) => job.isOurs(nowMs));
    this.#options.release(lost);
    return lost.length > 0;
  }

  #wake(waitMs: number): void {
    this.#timer ??= this.#options.clock.schedule(() => {
      this.#timer = undefined;
      this.fill();
    }, waitMs);
  }

  #start(jobs: readonly ActiveJob[], nowMs: number): void {
    const { timeoutMs, clock } = this.#options;
    const group: Group = { jobs, startedAt: nowMs, over: false, timer: undefined };
    this.#groups.add(group);
    if (timeoutMs > 0) group.timer = clock.schedule(() => this.#timeOut(group), timeoutMs, true);
    void this.#run(group);
  }

  async #run(group: Group): Promise<void> {
    const decoded = await this.#decode(group);
    if (group.over) return;
    const ours = this.#startable(decoded);
    const jobs = ours.map(({ job }) => job);
    const payloads = ours.map(({ payload }) => payload);
    let results: BatchResults;
    try {
      results = jobs.length === 0 ? [] : await this.#options.handler(payloads, jobs);
      if (results !== undefined && results.length !== jobs.length)
        throw miscounted(jobs.length, results.length);
    } catch (error) {
      results = jobs.map(() => ({ status: "rejected", reason: error }));
    }
    if (group.over) return;
    const nowMs = this.#options.clock.monotonic();
    const durationMs = nowMs - group.startedAt;
    this.#end(group);
    jobs.forEach((job, index) => {
      const result = results?.[index];
      if (result?.status === "rejected") this.#options.failed(job, result.reason);
      else this.#options.succeeded(job, durationMs, nowMs);
    });
    this.fill();
    if (this.#groups.size === 0) this.#options.emptied();
  }

  /** The jobs with a payload; the others are given up as invalid, and do not hold the batch up. */
  async #decode(group: Group): Promise<Decoded<Out>[]> {
    const decoded: Decoded<Out>[] = [];
    for (const job of group.jobs) {
      try {
        decoded.push({ job, payload: await this.#options.decode(job.delivery.job.body) });
      } catch (error) {
        if (!group.over) this.#options.invalid(job, error);
      }
    }
    return decoded;
  }

  /** Those whose handler may be called; what was lost meanwhile is handed back. */
  #startable(decoded: readonly Decoded<Out>[]): Decoded<Out>[] {
    const nowMs = this.#options.clock.monotonic();
    for (const { job } of decoded) job.started = job.isOurs(nowMs);
    this.#options.release(decoded.filter(({ job }) => !job.started).map(({ job }) => job));
    return decoded.filter(({ job }) => job.started);
  }

  #timeOut(group: Group): void {
    const { timeoutMs, failed } = this.#options;
    const error = new JobAborted("JOB_TIMED_OUT", `The attempt took longer than ${timeoutMs} ms`);
    this.#end(group);
    for (const job of group.jobs) {
      job.abort(error);
      failed(job, error);
    }
    this.fill();
  }

  #end(group: Group): void {
    group.over = true;
    group.timer?.cancel();
    this.#groups.delete(group);
  }
}

function miscounted(expected: number, got: number): QueueError {
  return new QueueError(
    "QUEUE_INVALID",
    `Expected the batch handler to answer nothing or ${expected} results, got ${got}`,
  );
}
