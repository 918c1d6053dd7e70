import type { Clock, Timer } from "@chimera/dlq";
import type { Delivery } from "../protocol.ts";
import { ActiveJob, type ExtendLease } from "./active-job.ts";
import { attemptsAllowed } from "./failure-policy.ts";
import type { Holding } from "./fetch-loop.ts";
import type { GivenUp } from "./letters.ts";
import { OutageBrake } from "./outage-brake.ts";
import { PrefetchWindow } from "./prefetch-window.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { ReadyBuffer } from "./ready-buffer.ts";
import { SuspectLane } from "./suspect-lane.ts";
import type { ResolvedWorkerOptions } from "./worker-options.ts";

/** What the intake needs of its worker. */
export interface IntakeOptions {
  readonly worker: ResolvedWorkerOptions;
  readonly clock: Clock;
  readonly random: () => number;
  readonly extend: ExtendLease;
  readonly running: () => number;
  /** Jobs that wait under their lease for a later release. */
  readonly parked: () => number;
  /** Whether anything else of any job is under way: calls, settlements, letters. */
  readonly quiet: () => boolean;
  /** Hands jobs back unrun, so that they keep their order at the head of the queue. */
  readonly release: (jobs: readonly ActiveJob[]) => void;
  readonly giveUp: (job: ActiveJob, givenUp: GivenUp) => void;
  /** Ends a wait for a first job. */
  readonly interrupt: () => void;
  /** What is to be fetched may have changed. */
  readonly changed: () => void;
  /** A job may be started that could not be before. */
  readonly startable: () => void;
}

/** Stands between what was fetched and what is started: decides how much to hold, and which job may start now. */
export class Intake {
  readonly brake: OutageBrake;
  readonly window: PrefetchWindow;
  readonly #options: IntakeOptions;
  readonly #buffer = new ReadyBuffer();
  readonly #suspects = new SuspectLane();
  readonly #limiter: RateLimiter | undefined;
  #open = true;
  #limitTimer: Timer | undefined;
  #brakeTimer: Timer | undefined;

  constructor(options: IntakeOptions) {
    const { concurrency, prefetch, limit } = options.worker;
    this.#options = options;
    this.brake = new OutageBrake(options.random);
    this.window = new PrefetchWindow(concurrency, prefetch, options.clock.monotonic());
    this.#limiter = limit === undefined ? undefined : new RateLimiter(limit);
  }

  /** Fetched jobs that were not started. */
  get fetched(): number {
    return this.#buffer.size + this.#suspects.waiting.size;
  }

  *jobs(): IterableIterator<ActiveJob> {
    yield* this.#buffer;
    yield* this.#suspects.waiting;
  }

  open(): void {
    this.#open = true;
  }

  /** Starts and fetches nothing any more. */
  shut(): void {
    this.#open = false;
    this.#limitTimer?.cancel();
    this.#brakeTimer?.cancel();
    this.#limitTimer = this.#brakeTimer = undefined;
  }

  /** Hands back every job that was not started. */
  releaseFetched(): void {
    this.#release([...this.#buffer.takeBeyond(0), ...this.#suspects.clear()]);
  }

  /** Hands back what lies far beyond the window, since handlers became slower than when it was fetched. */
  trim(nowMs: number): void {
    const size = this.window.size(nowMs);
    if (this.#buffer.size > 2 * size) this.#release(this.#buffer.takeBeyond(size));
  }

  /** Takes over what a call brought that was sent at `fetchedAt` on the monotonic clock. */
  accept(deliveries: readonly Delivery[], fetchedAt: number): void {
    const { extend, giveUp, worker } = this.#options;
    for (const delivery of deliveries) {
      const job = new ActiveJob(delivery, fetchedAt, worker.leaseMs, extend);
      if (delivery.failures >= attemptsAllowed(delivery, worker.maxAttempts))
        giveUp(job, storedTooLate(delivery));
      else if (delivery.exhausted) giveUp(job, poison(delivery));
      else if (delivery.suspect) this.#suspects.add(job);
      else this.#buffer.push(job);
    }
    if (!this.#open) this.releaseFetched();
    else if (this.#suspects.engaged) this.#standAlone();
    else if (this.brake.engaged) {
      const allowed = this.brake.waitMs(this.#options.clock.monotonic()) > 0 ? 0 : 1;
      this.#release(this.#buffer.takeBeyond(allowed));
    }
  }

  /** The window for the fetch loop. */
  holding(nowMs: number): Holding {
    const held = this.#buffer.size + this.#options.running() + this.#options.parked();
    if (!this.#open || this.#suspects.engaged) return { target: 0, held, starving: false };
    if (this.brake.engaged) {
      const waitMs = this.brake.waitMs(nowMs);
      if (waitMs > 0) this.#wakeFetch(waitMs);
      return { target: waitMs > 0 ? 0 : 1 + this.#options.parked(), held, starving: true };
    }
    return { target: this.window.size(nowMs), held, starving: this.#buffer.size === 0 };
  }

  /** The job to start now, if one may. */
  next(nowMs: number): ActiveJob | undefined {
    if (!this.#open) return undefined;
    if (this.#limiter !== undefined && this.fetched > 0) {
      const waitMs = this.#limiter.waitMs(nowMs);
      if (waitMs > 0) return this.#wakeStart(waitMs);
    }
    if (this.#suspects.engaged) return this.#nextSuspect(nowMs);
    for (;;) {
      const job = this.#buffer.shift();
      if (job === undefined) return undefined;
      if (job.isOurs(nowMs)) {
        this.#limiter?.started(nowMs);
        return job;
      }
      // Late releases are taken while nobody else has the job.
      this.#release([job]);
    }
  }

  /** A failure of the surroundings: what is fetched would only fail too. */
  surroundingsFailed(nowMs: number): void {
    this.brake.failed(nowMs);
    this.#release(this.#buffer.takeBeyond(0));
  }

  /** A suspect has come: nothing else may be held, fetched or waited for. */
  #standAlone(): void {
    this.#release(this.#buffer.takeBeyond(0));
    this.#options.interrupt();
  }

  #nextSuspect(nowMs: number): ActiveJob | undefined {
    const job = this.#suspects.next(this.#options.quiet());
    if (!this.#suspects.engaged) this.#options.changed();
    if (job === undefined) return undefined;
    if (job.isOurs(nowMs)) {
      this.#limiter?.started(nowMs);
      return job;
    }
    // The lane goes on once this is answered, as after a suspect that ran.
    this.#release([job]);
    return undefined;
  }

  #release(jobs: readonly ActiveJob[]): void {
    if (jobs.length > 0) this.#options.release(jobs);
  }

  #wakeStart(waitMs: number): undefined {
    this.#limitTimer ??= this.#options.clock.schedule(() => {
      this.#limitTimer = undefined;
      this.#options.startable();
    }, waitMs);
  }

  #wakeFetch(waitMs: number): void {
    this.#brakeTimer ??= this.#options.clock.schedule(() => {
      this.#brakeTimer = undefined;
      this.#options.changed();
    }, waitMs);
  }
}

function poison({ deliveryCount }: Delivery): GivenUp {
  const message = `Delivered ${deliveryCount} times without an end: it probably kills its process`;
  return { reason: "poison", message, ran: false };
}

/** Every attempt had failed before, but its letter could not be stored then. */
function storedTooLate({ errors, failures }: Delivery): GivenUp {
  const message = errors.at(-1)?.message ?? `Failed ${failures} times`;
  return { reason: "exhausted", message, ran: false };
}
