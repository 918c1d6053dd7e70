import type { Clock } from "@chimera/dlq";
import type { Settlement } from "../protocol.ts";
import { JobAborted } from "./abort-reasons.ts";
import type { ActiveJob } from "./active-job.ts";
import type { DeadLettering } from "./dead-lettering.ts";
import { decideFailure, isJobSignal, type FailurePolicyOptions } from "./failure-policy.ts";
import type { Intake } from "./intake.ts";
import type { Parking } from "./parking.ts";
import type { SettlementBatcher, SettlementListener } from "./settlement-batcher.ts";
import { readThrown } from "./thrown.ts";
import type { WorkerEmitter } from "./worker-events.ts";

/** The parts that an outcome touches. */
export interface JobOutcomesOptions {
  readonly clock: Clock;
  readonly policy: FailurePolicyOptions;
  readonly intake: () => Intake;
  readonly parking: () => Parking;
  readonly deadLettering: () => DeadLettering;
  readonly settlements: () => SettlementBatcher;
  readonly emitter: WorkerEmitter;
  readonly leaseMs: number;
  /** There is something to settle. */
  readonly changed: () => void;
  /** There is something to settle whose lease is about over. */
  readonly urgent: () => void;
}

/** Turns what happened to a job into a settlement, a letter and events. */
export class JobOutcomes implements SettlementListener {
  readonly #options: JobOutcomesOptions;

  constructor(options: JobOutcomesOptions) {
    this.#options = options;
  }

  succeeded(job: ActiveJob, durationMs: number, nowMs: number): void {
    if (job.ended) return;
    const { brake, window } = this.#options.intake();
    if (brake.engaged) brake.succeeded();
    window.finished();
    // Microseconds: more digits would only travel.
    const rounded = Math.round(durationMs * 1_000) / 1_000;
    this.settle(job, { receipt: job.delivery.receipt, outcome: "done", durationMs: rounded });
    // After an event loop that stood still, our own next fetch could be the one that reclaims the job.
    if (job.leaseUntil - nowMs < this.#options.leaseMs / 6) this.#options.urgent();
  }

  failed(job: ActiveJob, error: unknown): void {
    if (job.ended) return;
    const { clock, emitter, policy, intake, parking, deadLettering } = this.#options;
    // It was told to end, so this is no failure of the job, unless the handler says what is to become of it.
    if (job.abortedBy === "WORKER_CLOSING" && !isJobSignal(error)) return this.release([job]);
    intake().window.finished();
    emitter.emit("failed", { job, error });
    const decision = decideFailure(error, job.delivery, policy);
    if (decision.kind === "dead") {
      deadLettering().add(job, { ...decision, ran: true });
      return;
    }
    const { delayMs, message } = decision;
    const counts = decision.kind === "retry" && decision.counts;
    if (!counts && !isJobSignal(error)) intake().surroundingsFailed(clock.monotonic());
    emitter.emit("retrying", { job, error, delayMs, counts });
    if (decision.kind === "park") parking().add(job, delayMs);
    else
      this.settle(job, { receipt: job.delivery.receipt, outcome: "retry", delayMs, error: message, counts });
  }

  invalid(job: ActiveJob, error: unknown): void {
    if (job.ended) return;
    const { emitter, deadLettering, intake } = this.#options;
    intake().window.finished();
    emitter.emit("failed", { job, error });
    const { code, message } = readThrown(error);
    deadLettering().add(job, { reason: "invalid", code, message, ran: false });
  }

  /** Hands jobs back unrun. The last goes first: each is put at the head, so that they keep their order there. */
  release(jobs: readonly ActiveJob[]): void {
    for (const job of jobs.toReversed()) {
      this.settle(job, { receipt: job.delivery.receipt, outcome: "release" });
    }
  }

  settle(job: ActiveJob, settlement: Settlement): void {
    job.ended = true;
    this.#options.settlements().add(job, settlement);
    this.#options.changed();
  }

  settled(job: ActiveJob, settlement: Settlement): void {
    if (settlement.outcome === "dead") this.#options.deadLettering().settled(job);
    else if (settlement.outcome === "done" && this.#options.emitter.has("completed")) {
      this.#options.emitter.emit("completed", { job, durationMs: settlement.durationMs ?? 0 });
    }
  }

  stale(job: ActiveJob, settlement: Settlement): void {
    if (settlement.outcome === "dead") void this.#options.deadLettering().stale(job);
    // A job that was never started, or waited to be handed back, loses nothing with its lease.
    if (settlement.outcome !== "release") this.lost(job);
  }

  abandoned(job: ActiveJob, settlement: Settlement): void {
    if (settlement.outcome === "dead") this.#options.deadLettering().abandoned(job);
    if (settlement.outcome !== "release") this.lost(job);
  }

  /** The lease of a job is over, or another consumer has it. Told once a job, and only of jobs that were started. */
  lost(job: ActiveJob): void {
    job.lost = true;
    // Its handler is over, so that nothing else would say that it has ended. Taken if nobody else has the job.
    if (this.#options.parking().drop(job)) this.release([job]);
    if (!job.started || job.reportedLost) return;
    job.reportedLost = true;
    job.abort(new JobAborted("JOB_LEASE_LOST", "The lease is over: another consumer may have the job"));
    this.#options.emitter.emit("leaseLost", { job });
  }
}
