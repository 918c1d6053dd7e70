import type { Timer } from "@chimera/dlq";
import { JobAborted } from "./abort-reasons.ts";
import type { ActiveJob, JobContext } from "./active-job.ts";
import { isThenable, type JobRunner, type RunnerHooks } from "./job-runner.ts";

/** What a user writes to run one job. */
export type JobHandler<Out> = (payload: Out, job: JobContext) => unknown;

export interface ExecutorOptions<Out> extends RunnerHooks {
  readonly handler: JobHandler<Out>;
  /** Handlers that run at a time. */
  readonly concurrency: number;
  readonly decode: (body: string) => Out | Promise<Out>;
}

/** What a slot's promise is rejected with when the handler was not even called. */
class UndecodedPayload {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/**
 * A place for one running handler, with the two reactions to its promise made once. Given up, with whatever still
 * runs in it, when its attempt times out: what comes late then finds no job.
 */
class Slot {
  readonly index: number;
  job: ActiveJob | undefined;
  /** When its handler was started, on the monotonic clock. */
  startedAt = 0;
  readonly fulfilled: () => void;
  readonly rejected: (error: unknown) => void;

  constructor(
    index: number,
    fulfilled: (slot: Slot) => void,
    rejected: (slot: Slot, error: unknown) => void,
  ) {
    this.index = index;
    this.fulfilled = () => fulfilled(this);
    this.rejected = (error) => rejected(this, error);
  }
}

/**
 * Runs handlers in a fixed number of slots. A slot takes job after job, so a job costs no timer, no closure and one
 * reaction to its handler's own promise; a single timer watches over the time-outs of all.
 */
export class Executor<Out> implements JobRunner {
  readonly #options: ExecutorOptions<Out>;
  readonly #slots: Slot[];
  readonly #free: Slot[];
  #timer: Timer | undefined;

  constructor(options: ExecutorOptions<Out>) {
    this.#options = options;
    this.#slots = Array.from({ length: options.concurrency }, (_, index) => this.#newSlot(index));
    this.#free = this.#slots.toReversed();
  }

  get running(): number {
    return this.#slots.length - this.#free.length;
  }

  *jobs(): IterableIterator<ActiveJob> {
    for (const { job } of this.#slots) if (job !== undefined) yield job;
  }

  fill(): void {
    while (this.#free.length > 0) {
      const nowMs = this.#options.clock.monotonic();
      const job = this.#options.next(nowMs);
      if (job === undefined) return;
      this.#run(this.#free.pop() as Slot, job, nowMs);
    }
  }

  giveUp(job: ActiveJob): void {
    const slot = this.#slots.find((candidate) => candidate.job === job);
    if (slot === undefined) return;
    slot.job = undefined;
    const fresh = this.#newSlot(slot.index);
    this.#slots[slot.index] = fresh;
    this.#free.push(fresh);
  }

  /** None: a job that is taken is started. */
  unstarted(): readonly ActiveJob[] {
    return [];
  }

  takeUnstarted(): ActiveJob[] {
    return [];
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #newSlot(index: number): Slot {
    return new Slot(
      index,
      (slot) => this.#fulfilled(slot),
      (slot, error) => this.#rejected(slot, error),
    );
  }

  /** Runs job after job as long as they end at once, and leaves when one has to be waited for. */
  #run(slot: Slot, first: ActiveJob, startMs: number): void {
    const { next, clock, succeeded } = this.#options;
    let job: ActiveJob | undefined = first;
    let nowMs = startMs;
    while (job !== undefined) {
      slot.job = job;
      slot.startedAt = nowMs;
      if (this.#timer === undefined) this.#watch(nowMs);
      const pending = this.#attempt(slot, job);
      if (pending !== undefined) {
        pending.then(slot.fulfilled, slot.rejected);
        return;
      }
      nowMs = clock.monotonic();
      slot.job = undefined;
      succeeded(job, nowMs - slot.startedAt, nowMs);
      job = next(nowMs);
    }
    this.#leave(slot);
  }

  /** What to wait for; `undefined` when the handler has succeeded without a promise. */
  #attempt(slot: Slot, job: ActiveJob): Promise<unknown> | undefined {
    const { decode, handler } = this.#options;
    let decoded = false;
    try {
      const payload = decode(job.delivery.job.body);
      if (payload instanceof Promise) return this.#attemptLater(slot, job, payload);
      decoded = true;
      job.started = true;
      const outcome = handler(payload, job);
      return isThenable(outcome) ? Promise.resolve(outcome) : undefined;
    } catch (error) {
      return Promise.reject(decoded ? error : new UndecodedPayload(error));
    }
  }

  /** As above, for a schema that answers later. */
  async #attemptLater(slot: Slot, job: ActiveJob, decoded: Promise<Out>): Promise<unknown> {
    const payload = await decoded.catch((error: unknown) => {
      throw new UndecodedPayload(error) as unknown as Error;
    });
    // Timed out or lost while the schema was still at it: the handler must not start.
    if (slot.job !== job) return undefined;
    const { handler, clock, release } = this.#options;
    if (job.isOurs(clock.monotonic())) {
      job.started = true;
      return handler(payload, job);
    }
    this.giveUp(job);
    release([job]);
    this.fill();
    return undefined;
  }

  #fulfilled(slot: Slot): void {
    const { job } = slot;
    if (job === undefined) return;
    const nowMs = this.#options.clock.monotonic();
    slot.job = undefined;
    this.#options.succeeded(job, nowMs - slot.startedAt, nowMs);
    this.#proceed(slot, nowMs);
  }

  #rejected(slot: Slot, error: unknown): void {
    const { job } = slot;
    if (job === undefined) return;
    slot.job = undefined;
    if (error instanceof UndecodedPayload) this.#options.invalid(job, error.error);
    else this.#options.failed(job, error);
    this.#proceed(slot, this.#options.clock.monotonic());
  }

  #proceed(slot: Slot, nowMs: number): void {
    const job = this.#options.next(nowMs);
    if (job === undefined) this.#leave(slot);
    else this.#run(slot, job, nowMs);
  }

  #leave(slot: Slot): void {
    this.#free.push(slot);
    if (this.running === 0) this.#options.emptied();
  }

  #watch(nowMs: number): void {
    const { timeoutMs, clock } = this.#options;
    if (timeoutMs === 0) return;
    let earliestMs = Infinity;
    for (const { job, startedAt } of this.#slots) {
      if (job !== undefined) earliestMs = Math.min(earliestMs, startedAt);
    }
    if (earliestMs === Infinity) return;
    this.#timer = clock.schedule(() => this.#timeOut(), earliestMs + timeoutMs - nowMs, true);
  }

  #timeOut(): void {
    this.#timer = undefined;
    const { timeoutMs, clock, failed } = this.#options;
    const nowMs = clock.monotonic();
    for (const { job, startedAt } of this.#slots) {
      if (job === undefined || nowMs - startedAt < timeoutMs) continue;
      const error = new JobAborted("JOB_TIMED_OUT", `The attempt took longer than ${timeoutMs} ms`);
      this.giveUp(job);
      job.abort(error);
      failed(job, error);
    }
    this.#watch(nowMs);
    this.fill();
  }
}
