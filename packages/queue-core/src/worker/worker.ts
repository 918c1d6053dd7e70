import type { QueueBackend } from "../protocol.ts";
import { integerIssue, issuesOf, type Clock, type PayloadEncoding } from "@chimera/dlq";
import { throwIssues } from "../queue-options.ts";
import type { ActiveJob } from "./active-job.ts";
import { DeadLettering } from "./dead-lettering.ts";
import { FetchLoop } from "./fetch-loop.ts";
import { InHand } from "./in-hand.ts";
import { Intake } from "./intake.ts";
import type { JobRunner, RunnerHooks } from "./job-runner.ts";
import { JobOutcomes } from "./job-outcomes.ts";
import { LeaseRenewer } from "./lease-renewer.ts";
import { Milestones } from "./milestones.ts";
import { Parking } from "./parking.ts";
import { PauseWatch } from "./pause-watch.ts";
import { SettlementBatcher } from "./settlement-batcher.ts";
import { shutDown } from "./shutdown.ts";
import { readThrown } from "./thrown.ts";
import { WorkerEmitter, type WorkerEventName, type WorkerListener } from "./worker-events.ts";
import type { ResolvedWorkerOptions, WorkerSurroundings } from "./worker-options.ts";

/** Where a worker gets its jobs, and what runs them. */
export interface WorkerSource extends WorkerSurroundings {
  readonly backend: QueueBackend;
  readonly encoding: PayloadEncoding;
  readonly createRunner: (hooks: RunnerHooks) => JobRunner;
}

/** How a worker stands. */
export interface WorkerStatus {
  readonly state: "running" | "paused" | "closing" | "closed";
  /** Handlers that run. */
  readonly running: number;
  /** Jobs fetched and not started. */
  readonly fetched: number;
  /** Settlements the backend has not answered. */
  readonly unsettled: number;
  /** Milliseconds for which the backend has not answered; 0 while it does. */
  readonly backendOutageMs: number;
  /** Milliseconds since a fetch was last answered: while slots are free and nothing is paused it stays under some seconds. */
  readonly lastFetchAgoMs: number;
  /** The last try to store a dead letter failed: readiness should be red, nothing is lost. */
  readonly deadLettersFailing: boolean;
}

/**
 * Runs a handler over the jobs of a queue: at least once each, as often as `retry` allows, then to the dead letters.
 *
 * Made by `queue.process`. Fetches ahead, settles in batches, keeps every lease by one heartbeat.
 */
export class Worker {
  readonly #emitter: WorkerEmitter;
  readonly #milestones: Milestones;
  readonly #settlements: SettlementBatcher;
  readonly #fetch: FetchLoop;
  readonly #intake: Intake;
  readonly #runner: JobRunner;
  readonly #renewer: LeaseRenewer;
  readonly #parking: Parking;
  readonly #deadLettering: DeadLettering;
  readonly #outcomes: JobOutcomes;
  readonly #pauseWatch: PauseWatch;
  readonly #inHand: InHand;
  readonly #clock: Clock;
  #state: WorkerStatus["state"] = "running";
  #closing: Promise<void> | undefined;

  constructor(source: WorkerSource, options: ResolvedWorkerOptions) {
    const { backend, clock, random, logger } = source;
    const { leaseMs, maxAttempts, backoff } = options;
    const changed = (): void => this.#fetch.schedule();
    const progressed = (): void => this.#progressed();
    const release = (jobs: readonly ActiveJob[]): void => this.#outcomes.release(jobs);
    const onLost = (job: ActiveJob): void => this.#outcomes.lost(job);
    this.#clock = clock;
    this.#emitter = new WorkerEmitter(logger);
    this.#milestones = new Milestones(clock);
    this.#parking = new Parking(clock, release);
    this.#outcomes = new JobOutcomes({
      clock,
      policy: { maxAttempts, backoff, random },
      intake: () => this.#intake,
      parking: () => this.#parking,
      deadLettering: () => this.#deadLettering,
      settlements: () => this.#settlements,
      emitter: this.#emitter,
      leaseMs,
      changed,
      urgent: () => this.#fetch.decideNow(),
    });
    this.#settlements = new SettlementBatcher(this.#outcomes, leaseMs);
    this.#renewer = new LeaseRenewer({
      backend,
      clock,
      leaseMs,
      held: () => this.#inHand.leased(),
      onLost,
      onError: (error) => {
        const { code, message } = readThrown(error);
        logger.warn("worker.heartbeat_failed", { queue: backend.name, code, message });
      },
    });
    this.#intake = new Intake({
      worker: options,
      clock,
      random,
      extend: async (job, extendMs) => this.#renewer.extend(job, extendMs),
      running: () => this.#runner.running,
      parked: () => this.#parking.size,
      quiet: () => this.#inHand.quiet,
      release,
      giveUp: (job, givenUp) => this.#deadLettering.add(job, givenUp),
      interrupt: () => this.#fetch.interrupt(),
      changed,
      startable: () => this.#runner.fill(),
    });
    this.#runner = source.createRunner(this.#runnerHooks(clock, options.timeoutMs));
    this.#deadLettering = new DeadLettering({
      backend,
      store: options.deadLetters,
      clock,
      random,
      logger,
      leaseMs,
      encoding: source.encoding,
      settle: (job, settlement) => this.#outcomes.settle(job, settlement),
      onLost,
      onDead: (job, letter) => this.#emitter.emit("deadLettered", { job, letter }),
      progressed,
    });
    this.#fetch = new FetchLoop({
      backend,
      clock,
      random,
      logger,
      leaseMs,
      settlements: this.#settlements,
      holding: (nowMs) => this.#intake.holding(nowMs),
      accept: (deliveries, sentAt) => {
        this.#intake.accept(deliveries, sentAt);
        this.#renewer.watch();
        this.#pauseWatch.watch();
      },
      progressed,
      reconnected: (outageMs) => this.#emitter.emit("reconnected", { outageMs }),
    });
    this.#inHand = new InHand({
      intake: this.#intake,
      runner: this.#runner,
      parking: this.#parking,
      deadLettering: this.#deadLettering,
      settlements: this.#settlements,
      fetch: this.#fetch,
      release,
    });
    this.#pauseWatch = new PauseWatch({ backend, clock, intake: this.#intake, inHand: this.#inHand });
    this.#fetch.schedule();
  }

  get status(): WorkerStatus {
    return {
      state: this.#state,
      running: this.#runner.running,
      fetched: this.#intake.fetched,
      unsettled: this.#settlements.open,
      backendOutageMs: this.#fetch.outageMs,
      lastFetchAgoMs: this.#fetch.lastFetchAgoMs,
      deadLettersFailing: this.#deadLettering.failing,
    };
  }

  /** Answers a function that takes the listener off again. A listener that throws is logged and hurts no job. */
  on<Name extends WorkerEventName>(name: Name, listener: WorkerListener<Name>): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Starts no job until `resume`, and hands back what was fetched; running handlers end. This worker only: see `admin.pause`. */
  pause(): void {
    if (this.#state !== "running") return;
    this.#state = "paused";
    this.#stopIntake();
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    this.#intake.open();
    this.#parking.open();
    this.#fetch.recheck();
  }

  /**
   * Resolves once nothing is ready in the queue and everything fetched is settled. Jobs that wait for a later try do not
   * count. Resolves too when the worker is paused and nothing is left in its hands, and when it or its backend is closed.
   */
  async idle(): Promise<void> {
    this.#fetch.recheck();
    await this.#milestones.reached(() => this.#isIdle());
  }

  /**
   * Stops fetching, hands back what was not started, lets running handlers end until the deadline, then aborts their
   * signals and hands the rest back. Resolves within `deadlineMs` (0 to 86_400_000, default 10_000), whatever the backend does.
   * Idempotent.
   */
  async close({ deadlineMs = 10_000 }: { readonly deadlineMs?: number } = {}): Promise<void> {
    throwIssues(issuesOf(integerIssue("deadlineMs", deadlineMs, { min: 0, max: 86_400_000 })));
    this.#closing ??= this.#shutDown(deadlineMs);
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #shutDown(deadlineMs: number): Promise<void> {
    this.#state = "closing";
    await shutDown(
      {
        clock: this.#clock,
        milestones: this.#milestones,
        stopIntake: () => this.#stopIntake(),
        finished: () => this.#finished(),
        flushed: () => this.#fetch.closed || (this.#settlements.open === 0 && this.#fetch.calls === 0),
        running: () => this.#runner.jobs(),
        release: (jobs) => this.#outcomes.release(jobs),
        giveUp: (job) => this.#runner.giveUp(job),
        handBackLetters: () => this.#deadLettering.handBack(),
        flush: () => {
          this.#fetch.hurry();
          this.#fetch.decideNow();
        },
        stop: () => {
          this.#fetch.stop();
          this.#renewer.stop();
          this.#runner.stop();
          this.#pauseWatch.stop();
        },
      },
      deadlineMs,
    );
    this.#state = "closed";
    this.#milestones.check();
  }

  #isIdle(): boolean {
    if (this.#state === "closed") return true;
    // A closed backend takes no settlement any more.
    if (this.#fetch.closed) return this.#finished();
    if (!this.#inHand.empty || this.#intake.fetched > 0) return false;
    return this.#state !== "running" || this.#fetch.dry;
  }

  #finished(): boolean {
    return this.#runner.running === 0 && this.#deadLettering.open === 0;
  }

  #stopIntake(): void {
    this.#intake.shut();
    this.#inHand.releaseUnstarted();
    this.#parking.shut();
    this.#fetch.hurry();
  }

  #runnerHooks(clock: Clock, timeoutMs: number): RunnerHooks {
    return {
      timeoutMs,
      clock,
      next: (nowMs) => this.#intake.next(nowMs),
      succeeded: (job, durationMs, nowMs) => this.#outcomes.succeeded(job, durationMs, nowMs),
      failed: (job, error) => this.#outcomes.failed(job, error),
      invalid: (job, error) => this.#outcomes.invalid(job, error),
      release: (jobs) => this.#outcomes.release(jobs),
      emptied: () => {
        this.#fetch.decideSoon();
        this.#milestones.check();
      },
    };
  }

  #progressed(): void {
    this.#runner.fill();
    this.#milestones.check();
  }
}
