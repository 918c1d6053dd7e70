import type { LedgerEvent } from "./ledger.ts";
import { Tally, type WaitTimes } from "./tally.ts";

/** What became of every job, in the words of Jepsen's queue checker. */
export interface Verdict {
  /** Enqueues that were tried. */
  readonly attempted: number;
  /** Enqueues that resolved. */
  readonly acknowledged: number;
  /** Acknowledged jobs with at least one effect. */
  readonly ok: number;
  /** Acknowledged jobs that had no effect and that the queue gave up, keeping a dead letter of each. */
  readonly deadLettered: number;
  /** Acknowledged jobs without any effect or letter: must be 0. */
  readonly lost: number;
  /** Effects of jobs that nobody tried to enqueue: must be 0. */
  readonly unexpected: number;
  /** Jobs that were never acknowledged, yet took effect: allowed, since a lost reply may follow a stored job. */
  readonly recovered: number;
  /** Effects beyond the first of each job. */
  readonly duplicated: number;
  /** Of these, the ones for which the delivery before cannot have expired: must be 0. */
  readonly unexplained: number;
  /** Settles of deliveries that were no longer current and were refused. */
  readonly staleRefused: number;
  /**
   * Settles that ended a job which had ended before: must be 0. By the queue's own counters where it has them, else jobs whose worker
   * heard more than once that its `done` was taken.
   */
  readonly staleAccepted: number;
  /** Up to ten ids of each kind that must not be, for a person to look at. */
  readonly examples: Readonly<Record<Misdeed, readonly string[]>>;
}

type Misdeed = "lost" | "deadLettered" | "unexpected" | "unexplained" | "staleAccepted";

interface Attempt {
  readonly worker: string;
  readonly fence: number;
  startedAt: number;
  endedAt?: number;
}

interface History {
  tried: boolean;
  acknowledgedAt?: number;
  settled: number;
  letter: boolean;
  readonly attempts: Attempt[];
}

export interface JudgeOptions {
  readonly leaseMs: number;
  /** When a delivery was handed out, where its fence tells; the start of its handler stands for it otherwise. */
  readonly handedOutAt?: (fence: number) => number;
  /** What the queue itself counted, where it does. */
  readonly counters?: { readonly stored: number; readonly ended: number };
  /** When each process ended, where the leases of a queue end with the process that it lives in. */
  readonly endedAt?: ReadonlyMap<string, number>;
}

const EXAMPLES = 10;
/** A handler starts some time after its hand-out, and not always equally late: that much nearer two starts may be. */
const START_TOLERANCE_MS = 50;
/** Whole milliseconds are compared. */
const ROUNDING_MS = 1;

/** Judges a whole ledger. Memory grows with the number of jobs: about 300 bytes each. */
export class Judge {
  readonly #jobs = new Map<string, History>();
  readonly #options: JudgeOptions;
  #staleRefused = 0;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  add(event: LedgerEvent): void {
    const job = this.#history(event.id);
    switch (event.kind) {
      case "try":
        job.tried = true;
        break;
      case "ack":
        job.acknowledgedAt = event.at;
        break;
      case "start":
        this.#attempt(job, event.worker, event.fence, event.at);
        break;
      case "effect":
        this.#attempt(job, event.worker, event.fence, event.at).endedAt = event.at;
        break;
      case "settled":
        job.settled++;
        break;
      case "letter":
        job.letter = true;
        break;
      case "stale":
        this.#staleRefused++;
        break;
    }
  }

  verdict(): Verdict {
    const examples: Record<Misdeed, string[]> = {
      lost: [],
      deadLettered: [],
      unexpected: [],
      unexplained: [],
      staleAccepted: [],
    };
    const count = {
      attempted: 0,
      acknowledged: 0,
      ok: 0,
      lost: 0,
      deadLettered: 0,
      unexpected: 0,
      recovered: 0,
      duplicated: 0,
      unexplained: 0,
      staleAccepted: 0,
    };
    const note = (kind: Misdeed, id: string): void => {
      count[kind]++;
      if (examples[kind].length < EXAMPLES) examples[kind].push(id);
    };
    for (const [id, job] of this.#jobs) {
      const effects = job.attempts.filter((attempt) => attempt.endedAt !== undefined).length;
      if (job.tried) count.attempted++;
      else if (effects > 0) note("unexpected", id);
      if (job.acknowledgedAt !== undefined) {
        count.acknowledged++;
        if (effects > 0) count.ok++;
        else note(job.letter ? "deadLettered" : "lost", id);
      } else if (job.tried && effects > 0) count.recovered++;
      count.duplicated += Math.max(0, effects - 1);
      for (let left = this.#unexplained(job); left > 0; left--) note("unexplained", id);
      if (job.settled > 1) note("staleAccepted", id);
    }
    const { counters } = this.#options;
    if (counters !== undefined) {
      count.staleAccepted = Math.max(0, counters.ended - counters.stored);
      if (count.staleAccepted === 0) examples.staleAccepted = [];
    }
    return { ...count, staleRefused: this.#staleRefused, examples };
  }

  /** From the acknowledgement to the first effect of each job that has both. */
  waitsMs(): WaitTimes {
    const tally = new Tally();
    for (const { acknowledgedAt, attempts } of this.#jobs.values()) {
      if (acknowledgedAt === undefined) continue;
      const first = Math.min(...attempts.map(({ endedAt = Infinity }) => endedAt));
      if (first !== Infinity) tally.add(Math.max(0, first - acknowledgedAt));
    }
    return tally.times();
  }

  /**
   * An effect after the first is explained when its delivery was handed out at least a lease after the delivery before:
   * an ended lease is the only way to a redelivery of a job that no handler failed.
   */
  #unexplained(job: History): number {
    const attempts = job.attempts.toSorted((a, b) => a.fence - b.fence);
    let unexplained = 0;
    let before: Attempt | undefined;
    let done = false;
    for (const attempt of attempts) {
      const again = done && attempt.endedAt !== undefined;
      if (again && before !== undefined && !this.#mayHaveEnded(before, attempt)) unexplained++;
      done ||= attempt.endedAt !== undefined;
      before = attempt;
    }
    return unexplained;
  }

  /** Whether the lease of `before` can have been over when `after` was handed out. */
  #mayHaveEnded(before: Attempt, after: Attempt): boolean {
    const { leaseMs, handedOutAt, endedAt } = this.#options;
    if ((endedAt?.get(before.worker) ?? Infinity) <= after.startedAt) return true;
    return handedOutAt === undefined
      ? after.startedAt - before.startedAt >= leaseMs - START_TOLERANCE_MS
      : handedOutAt(after.fence) - handedOutAt(before.fence) >= leaseMs - ROUNDING_MS;
  }

  #attempt(job: History, worker: string, fence: number, at: number): Attempt {
    const found = job.attempts.find((attempt) => attempt.worker === worker && attempt.fence === fence);
    if (found !== undefined) return found;
    const attempt: Attempt = { worker, fence, startedAt: at };
    job.attempts.push(attempt);
    return attempt;
  }

  #history(id: string): History {
    let job = this.#jobs.get(id);
    if (job === undefined) {
      job = { tried: false, settled: 0, letter: false, attempts: [] };
      this.#jobs.set(id, job);
    }
    return job;
  }
}
