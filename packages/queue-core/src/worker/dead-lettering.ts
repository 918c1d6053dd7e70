import {
  backoffDelayMs,
  type Clock,
  type DeadLetter,
  type DeadLetterStore,
  type Logger,
  type PayloadEncoding,
} from "@chimera/dlq";
import { MAX_BATCH, type QueueBackend, type Settlement } from "../protocol.ts";
import type { ActiveJob } from "./active-job.ts";
import { letterOf, type GivenUp } from "./letters.ts";
import { readThrown } from "./thrown.ts";

/** Waits before a job whose letter could not be stored is delivered again. */
const STORE_BACKOFF = { baseDelayMs: 1_000, maxDelayMs: 30_000 };
/** Why a letter was not stored. */
const WORKER_CLOSED = "the worker closed";
const UNCONFIRMED = "the backend did not confirm the lease";

/** What dead-lettering needs of its worker. */
export interface DeadLetteringOptions {
  readonly backend: QueueBackend;
  readonly store: DeadLetterStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly leaseMs: number;
  readonly encoding: PayloadEncoding;
  readonly settle: (job: ActiveJob, settlement: Settlement) => void;
  readonly onLost: (job: ActiveJob) => void;
  readonly onDead: (job: ActiveJob, letter: DeadLetter) => void;
  readonly progressed: () => void;
}

interface Entry {
  readonly job: ActiveJob;
  readonly givenUp: GivenUp;
}

/**
 * Brings jobs to the dead-letter store, in the only order that loses nothing: prove that the job is still ours by
 * extending its lease, store the letter durably, then settle `dead`. A crash after any of these steps leaves the job in
 * the queue, the letter in the store, or both; a letter that is stored twice is one letter.
 *
 * A settle that answers `stale` means that the job was taken away: the letter is withdrawn, as long as our lease cannot
 * have ended. If it can (this process stood still), another consumer may have given the same job up under the same
 * id by now, and withdrawing would lose its letter: it stays, and a replay of it may repeat a job that has succeeded elsewhere.
 */
export class DeadLettering {
  readonly #options: DeadLetteringOptions;
  #waiting: Entry[] = [];
  #working: readonly Entry[] = [];
  /** Jobs in the two that are not settled: each is once, whatever a late answer says. */
  readonly #undecided = new Set<ActiveJob>();
  /** Stored letters whose `dead` has no answer yet. */
  readonly #stored = new Map<ActiveJob, DeadLetter>();
  #withdrawing = 0;
  #storeFailures = 0;
  #over = false;

  constructor(options: DeadLetteringOptions) {
    this.#options = options;
  }

  /** Jobs on their way: given up, and not yet handed to a settlement. */
  get open(): number {
    return this.#waiting.length + this.#working.length + this.#withdrawing;
  }

  /** Whether the last try to store a letter failed. */
  get failing(): boolean {
    return this.#storeFailures > 0;
  }

  *jobs(): IterableIterator<ActiveJob> {
    for (const { job } of this.#working) yield job;
    for (const { job } of this.#waiting) yield job;
  }

  add(job: ActiveJob, givenUp: GivenUp): void {
    job.ended = true;
    this.#undecided.add(job);
    if (this.#over) return this.#later(job, givenUp, WORKER_CLOSED);
    this.#waiting.push({ job, givenUp });
    if (this.#working.length === 0) queueMicrotask(() => void this.#work());
  }

  /** Hands back what is not stored, and what comes from now on; a letter stored all the same is stored again under its id. */
  handBack(): void {
    this.#over = true;
    const entries = [...this.#working, ...this.#waiting];
    this.#working = this.#waiting = [];
    for (const { job, givenUp } of entries) this.#later(job, givenUp, WORKER_CLOSED);
  }

  /** The `dead` of a job was answered `ok`. */
  settled(job: ActiveJob): void {
    const letter = this.#stored.get(job);
    if (letter === undefined) return;
    this.#stored.delete(job);
    this.#options.onDead(job, letter);
  }

  /** The `dead` of a job was answered `stale`: it is not dead by our doing. */
  async stale(job: ActiveJob): Promise<void> {
    const letter = this.#stored.get(job);
    if (letter === undefined) return;
    this.#stored.delete(job);
    const { backend, clock, logger } = this.#options;
    if (clock.monotonic() >= job.leaseUntil) {
      logger.warn("worker.letter_unconfirmed", { queue: backend.name, letter: letter.id });
      return;
    }
    this.#withdrawing++;
    try {
      await this.#options.store.withdraw([letter.id]);
    } catch (error) {
      // The letter stays although the job lives: better listed once too often than lost.
      this.#report("worker.withdraw_failed", error, { letter: letter.id });
    } finally {
      this.#withdrawing--;
      this.#options.progressed();
    }
  }

  /** The `dead` of a job was given up without an answer: the letter stays, which loses nothing. */
  abandoned(job: ActiveJob): void {
    this.#stored.delete(job);
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0 && this.#working.length === 0) {
      this.#working = this.#waiting.splice(0, MAX_BATCH);
      const ours = await this.#extend(this.#working);
      if (ours.length > 0) await this.#store(ours);
      this.#working = [];
      this.#options.progressed();
    }
  }

  async #extend(entries: readonly Entry[]): Promise<Entry[]> {
    const { backend, clock, leaseMs, onLost } = this.#options;
    const sentAt = clock.monotonic();
    try {
      const results = await backend.extend(
        entries.map(({ job }) => job.delivery.receipt),
        leaseMs,
      );
      return entries.filter(({ job, givenUp }, index) => {
        const result = results[index];
        if (result === "ok") job.leaseUntil = Math.floor(sentAt) + leaseMs;
        else if (result !== "stale") this.#later(job, givenUp, UNCONFIRMED);
        else if (this.#undecided.delete(job)) onLost(job);
        return result === "ok" && this.#undecided.has(job);
      });
    } catch (error) {
      this.#report("worker.dead_letter_delayed", error, { jobs: entries.length });
      for (const { job, givenUp } of entries) this.#later(job, givenUp, UNCONFIRMED);
      return [];
    }
  }

  async #store(entries: readonly Entry[]): Promise<void> {
    const { backend, store, encoding, clock, settle } = this.#options;
    let letters: DeadLetter[];
    try {
      letters = entries.map(({ job, givenUp }) =>
        letterOf(backend.name, job.delivery, givenUp, encoding, clock.now()),
      );
      await store.append(letters);
    } catch (error) {
      this.#storeFailures++;
      this.#report("worker.dead_letter_store_failed", error, { jobs: entries.length });
      for (const { job, givenUp } of entries) this.#later(job, givenUp, "the dead-letter store failed");
      return;
    }
    this.#storeFailures = 0;
    entries.forEach(({ job }, index) => {
      if (!this.#undecided.delete(job)) return;
      this.#stored.set(job, letters[index] as DeadLetter);
      settle(job, { receipt: job.delivery.receipt, outcome: "dead" });
    });
  }

  /** Back to the queue: the next delivery is given up again, without running where the failures already say so. */
  #later(job: ActiveJob, { message, ran }: GivenUp, why: string): void {
    if (!this.#undecided.delete(job)) return;
    const delayMs = backoffDelayMs(Math.max(1, this.#storeFailures), STORE_BACKOFF, this.#options.random);
    const error = `${message} (${why})`;
    this.#options.settle(job, {
      receipt: job.delivery.receipt,
      outcome: "retry",
      delayMs,
      error,
      counts: ran,
    });
  }

  #report(event: string, error: unknown, fields: Readonly<Record<string, unknown>>): void {
    const { logger, backend } = this.#options;
    const { code, message } = readThrown(error);
    logger.error(event, { queue: backend.name, ...fields, code, message });
  }
}
