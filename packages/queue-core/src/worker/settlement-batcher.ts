import { MAX_BATCH, type Settlement, type SettleResult } from "../protocol.ts";
import type { ActiveJob } from "./active-job.ts";

/** Settlements that travel in one call, each with its job. */
export interface SettlementBatch {
  readonly settlements: Settlement[];
  readonly jobs: ActiveJob[];
  /** How many calls have carried these settlements before; a `stale` after the first may be our own success. */
  readonly resends: number;
}

/** What became of one settlement, told once. */
export interface SettlementListener {
  settled(job: ActiveJob, settlement: Settlement): void;
  /** Another consumer may have the job. Not told for a re-sent settlement, which may have been taken the first time. */
  stale(job: ActiveJob, settlement: Settlement): void;
  /** Given up: no answer until the lease was long over. The job will be delivered again unless it was taken. */
  abandoned(job: ActiveJob, settlement: Settlement): void;
}

/**
 * Gathers settlements until a call carries them, at most 250 at a time, and sends those of unknown outcome again
 * under the same receipts: settling twice is harmless, losing a settlement runs a finished job again.
 */
export class SettlementBatcher {
  readonly #listener: SettlementListener;
  /** How long after the end of its lease a settlement is still sent again: a late one is taken while nobody reclaimed the job. */
  readonly #graceMs: number;
  #settlements: Settlement[] = [];
  #jobs: ActiveJob[] = [];
  #again: SettlementBatch[] = [];
  #inCalls = 0;

  constructor(listener: SettlementListener, graceMs: number) {
    this.#listener = listener;
    this.#graceMs = graceMs;
  }

  add(job: ActiveJob, settlement: Settlement): void {
    this.#settlements.push(settlement);
    this.#jobs.push(job);
  }

  /** Settlements that no call carries now. */
  get waiting(): number {
    let count = this.#settlements.length;
    for (const batch of this.#again) count += batch.jobs.length;
    return count;
  }

  /** Settlements without an answer. */
  get open(): number {
    return this.waiting + this.#inCalls;
  }

  /** What the next call is to carry, or `undefined` when nothing waits. Every batch taken is answered or failed once. */
  take(): SettlementBatch | undefined {
    const batch = this.#again.shift() ?? this.#takeNew();
    if (batch !== undefined) this.#inCalls += batch.jobs.length;
    return batch;
  }

  answered(batch: SettlementBatch, results: readonly SettleResult[], nowMs: number): void {
    const unknown: SettlementBatch = { settlements: [], jobs: [], resends: batch.resends + 1 };
    for (let index = 0; index < batch.jobs.length; index++) {
      const job = batch.jobs[index] as ActiveJob;
      const settlement = batch.settlements[index] as Settlement;
      const result = results[index];
      if (result === "ok") this.#listener.settled(job, settlement);
      else if (result !== "stale") keep(unknown, job, settlement);
      else if (batch.resends === 0) this.#listener.stale(job, settlement);
      else this.#listener.settled(job, settlement);
    }
    this.#end(batch, unknown, nowMs);
  }

  /** The call failed: no outcome is known. */
  failed(batch: SettlementBatch, nowMs: number): void {
    this.#end(batch, { ...batch, resends: batch.resends + 1 }, nowMs);
  }

  #takeNew(): SettlementBatch | undefined {
    if (this.#settlements.length === 0) return undefined;
    if (this.#settlements.length <= MAX_BATCH) {
      const batch = { settlements: this.#settlements, jobs: this.#jobs, resends: 0 };
      this.#settlements = [];
      this.#jobs = [];
      return batch;
    }
    return {
      settlements: this.#settlements.splice(0, MAX_BATCH),
      jobs: this.#jobs.splice(0, MAX_BATCH),
      resends: 0,
    };
  }

  #end(batch: SettlementBatch, unknown: SettlementBatch, nowMs: number): void {
    this.#inCalls -= batch.jobs.length;
    const again: SettlementBatch = { settlements: [], jobs: [], resends: unknown.resends };
    unknown.jobs.forEach((job, index) => {
      const settlement = unknown.settlements[index] as Settlement;
      if (nowMs < job.leaseUntil + this.#graceMs) keep(again, job, settlement);
      else this.#listener.abandoned(job, settlement);
    });
    if (again.jobs.length > 0) this.#again.push(again);
  }
}

function keep(batch: SettlementBatch, job: ActiveJob, settlement: Settlement): void {
  batch.settlements.push(settlement);
  batch.jobs.push(job);
}
