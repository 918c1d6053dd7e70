import type { LedgerEvent } from "./ledger.ts";

/** What became of every job, in the words of Jepsen's queue checker. */
export interface Verdict {
  /** Enqueues that were tried. */
  readonly attempted: number;
  /** Enqueues that resolved. */
  readonly acknowledged: number;
  /** Acknowledged jobs with at least one effect. */
  readonly ok: number;
  /** Acknowledged jobs without any effect: must be 0. */
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
  /** Jobs whose `done` was accepted more than once: must be 0. */
  readonly staleAccepted: number;
  /** Up to ten ids of each kind that must not be, for a person to look at. */
  readonly examples: Readonly<
    Record<"lost" | "unexpected" | "unexplained" | "staleAccepted", readonly string[]>
  >;
}

interface Attempt {
  readonly worker: string;
  readonly fence: number;
  startedAt: number;
  endedAt?: number;
}

interface History {
  tried: boolean;
  acknowledged: boolean;
  settled: number;
  readonly attempts: Attempt[];
}

const EXAMPLES = 10;
/** Two processes read their clocks at different moments of a message's way; loopback takes far less. */
const CLOCK_TOLERANCE_MS = 50;

/** Judges a whole ledger. Memory grows with the number of jobs: about 300 bytes each. */
export class Judge {
  readonly #jobs = new Map<string, History>();
  readonly #leaseMs: number;
  #staleRefused = 0;

  constructor(options: { readonly leaseMs: number }) {
    this.#leaseMs = options.leaseMs;
  }

  add(event: LedgerEvent): void {
    const job = this.#history(event.id);
    switch (event.kind) {
      case "try":
        job.tried = true;
        break;
      case "ack":
        job.acknowledged = true;
        break;
      case "start":
        job.attempts.push({ worker: event.worker, fence: event.fence, startedAt: event.at });
        break;
      case "effect":
        this.#attempt(job, event.worker, event.fence, event.at).endedAt = event.at;
        break;
      case "settled":
        job.settled++;
        break;
      case "stale":
        this.#staleRefused++;
        break;
    }
  }

  verdict(): Verdict {
    const examples = {
      lost: [] as string[],
      unexpected: [] as string[],
      unexplained: [] as string[],
      staleAccepted: [] as string[],
    };
    const count = {
      attempted: 0,
      acknowledged: 0,
      ok: 0,
      lost: 0,
      unexpected: 0,
      recovered: 0,
      duplicated: 0,
      unexplained: 0,
      staleAccepted: 0,
    };
    const note = (kind: keyof typeof examples, id: string): void => {
      count[kind]++;
      if (examples[kind].length < EXAMPLES) examples[kind].push(id);
    };
    for (const [id, job] of this.#jobs) {
      const effects = job.attempts.filter((attempt) => attempt.endedAt !== undefined).length;
      if (job.tried) count.attempted++;
      else if (effects > 0) note("unexpected", id);
      if (job.acknowledged) {
        count.acknowledged++;
        if (effects > 0) count.ok++;
        else note("lost", id);
      } else if (job.tried && effects > 0) count.recovered++;
      count.duplicated += Math.max(0, effects - 1);
      for (let left = this.#unexplained(job); left > 0; left--) note("unexplained", id);
      if (job.settled > 1) note("staleAccepted", id);
    }
    return { ...count, staleRefused: this.#staleRefused, examples };
  }

  /**
   * A second effect is explained when the delivery that made it began at least a lease after the start of the delivery
   * before: an expired lease is the only way to a redelivery of a job that succeeded.
   */
  #unexplained(job: History): number {
    const attempts = job.attempts.toSorted((a, b) => a.fence - b.fence);
    let unexplained = 0;
    let before: Attempt | undefined;
    for (const attempt of attempts) {
      if (before?.endedAt !== undefined && attempt.endedAt !== undefined) {
        if (attempt.startedAt - before.startedAt < this.#leaseMs - CLOCK_TOLERANCE_MS) unexplained++;
      }
      before = attempt;
    }
    return unexplained;
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
      job = { tried: false, acknowledged: false, settled: 0, attempts: [] };
      this.#jobs.set(id, job);
    }
    return job;
  }
}
