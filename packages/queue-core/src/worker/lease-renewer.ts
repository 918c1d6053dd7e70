import type { Clock, Timer } from "@chimera/dlq";
import { MAX_BATCH, type QueueBackend, type SettleResult } from "../protocol.ts";
import type { ActiveJob } from "./active-job.ts";

/** What the renewer looks after and whom it tells. */
export interface LeaseRenewerOptions {
  readonly backend: QueueBackend;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** Every job whose lease must be kept now. */
  readonly held: () => Iterable<ActiveJob>;
  /** The lease is over by our own clock, or the backend said so. Told once a job. */
  readonly onLost: (job: ActiveJob) => void;
  /** The backend could not be reached; the next beat tries again. */
  readonly onError: (error: unknown) => void;
}

/**
 * One heartbeat for all leases of a worker: a lease that has less than two thirds of its time left is extended,
 * three times before it could end. There is no timer while nothing is held, and never one a job.
 *
 * A lease counts from the moment its call was sent, on the monotonic clock, so that it is over here before it is
 * over at the backend, whatever the wall clocks and the network do.
 */
export class LeaseRenewer {
  readonly #options: LeaseRenewerOptions;
  readonly #beatMs: number;
  #timer: Timer | undefined;
  /** When the next beat is, on the monotonic clock. */
  #beatsAt = Infinity;
  #extending = false;
  #stopped = false;

  constructor(options: LeaseRenewerOptions) {
    this.#options = options;
    this.#beatMs = Math.floor(options.leaseMs / 6);
  }

  /** Begins to beat if it does not; to be called whenever jobs arrive. */
  watch(): void {
    if (this.#timer === undefined && !this.#stopped) this.#schedule(this.#beatMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Extends one lease in a call of its own; answers whether the job is still ours. @throws what the backend throws */
  async extend(job: ActiveJob, leaseMs: number): Promise<boolean> {
    if (job.ended || job.lost) return false;
    const sentAt = this.#options.clock.monotonic();
    const [result] = await this.#options.backend.extend([job.delivery.receipt], leaseMs);
    if (typeof result === "object") throw result.error;
    this.#apply(job, result, sentAt + leaseMs);
    if (result === "ok") this.#beatWithin(leaseMs);
    return result === "ok";
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#options;
    this.#beatsAt = clock.monotonic() + delayMs;
    this.#timer = clock.schedule(() => this.#beat(), delayMs, true);
  }

  /** A handler may ask for less than there was: the next beat must come before the end of that. */
  #beatWithin(leaseMs: number): void {
    const delayMs = Math.floor(leaseMs / 3);
    if (this.#timer === undefined || this.#options.clock.monotonic() + delayMs >= this.#beatsAt) return;
    this.#timer.cancel();
    this.#schedule(delayMs);
  }

  #beat(): void {
    this.#timer = undefined;
    const { clock, held, leaseMs, onLost } = this.#options;
    const nowMs = clock.monotonic();
    const due: ActiveJob[] = [];
    let nextMs = this.#beatMs;
    let holding = false;
    for (const job of held()) {
      if (job.lost) continue;
      const leftMs = job.leaseUntil - nowMs;
      if (leftMs <= 0) {
        job.lost = true;
        onLost(job);
        continue;
      }
      holding = true;
      nextMs = Math.min(nextMs, leftMs);
      if (leftMs <= (leaseMs * 2) / 3) due.push(job);
    }
    if (due.length > 0 && !this.#extending) void this.#extendAll(due);
    if (holding && !this.#stopped) this.#schedule(Math.max(1, nextMs));
  }

  async #extendAll(jobs: readonly ActiveJob[]): Promise<void> {
    const { backend, clock, leaseMs, onError } = this.#options;
    this.#extending = true;
    try {
      for (let from = 0; from < jobs.length; from += MAX_BATCH) {
        const batch = jobs.slice(from, from + MAX_BATCH);
        const sentAt = clock.monotonic();
        const results = await backend.extend(
          batch.map((job) => job.delivery.receipt),
          leaseMs,
        );
        batch.forEach((job, index) => this.#apply(job, results[index], sentAt + leaseMs));
      }
    } catch (error) {
      onError(error);
    } finally {
      this.#extending = false;
    }
  }

  #apply(job: ActiveJob, result: SettleResult | undefined, leaseUntil: number): void {
    if (result === "ok") job.leaseUntil = Math.floor(leaseUntil);
    // A job that ended meanwhile answers `stale` because we settled it ourselves.
    if (result !== "stale" || job.ended || job.lost) return;
    job.lost = true;
    this.#options.onLost(job);
  }
}
