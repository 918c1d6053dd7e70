import { readFileSync } from "node:fs";

/** How long a delivery belongs to a worker process, short, so that a test sees leases end. */
export const LEASE_MS = 1_000;

/** A lease begins at a whole millisecond, and the fences of one hand-out follow one another: a fence may be later by as much, in microseconds. */
const FENCE_TOLERANCE_US = 2_000;

/** One attempt of a job, as the worker that made it noted it. */
export interface Attempt {
  readonly fence: number;
  readonly startedAt: number;
  endedAt?: number;
}

/** Whether a worker could reach the queue, as its own ping told it at that moment. */
export interface Readiness {
  readonly at: number;
  readonly ready: boolean;
}

/** What worker processes noted before they ended, in whatever way. */
export class Effects {
  readonly attempts: Map<string, Attempt[]> = new Map();
  readonly readiness: Readiness[] = [];

  static read(ledgers: readonly string[]): Effects {
    const effects = new Effects();
    for (const ledger of ledgers) {
      // A line without its end was torn by a kill.
      for (const line of readFileSync(ledger, "utf8").split("\n").slice(0, -1)) effects.#add(line);
    }
    for (const attempts of effects.attempts.values()) attempts.sort((one, other) => one.fence - other.fence);
    return effects;
  }

  /** The jobs of these that no handler finished. */
  lost(ids: Iterable<string>): string[] {
    return [...ids].filter((id) => !this.#finished(id).length);
  }

  /** Effects beyond the first of each job. */
  get doubled(): number {
    return [...this.attempts.keys()].reduce((sum, id) => sum + Math.max(0, this.#finished(id).length - 1), 0);
  }

  /**
   * Jobs that were handed out again before a lease can have ended. A fence is the server's time of the hand-out in microseconds, or
   * one more than the fence before: fences tell how far two hand-outs of a job are apart on the server's own clock.
   */
  get unexplained(): string[] {
    const early = (attempt: Attempt, before: Attempt | undefined): boolean =>
      before !== undefined && attempt.fence - before.fence < LEASE_MS * 1_000 - FENCE_TOLERANCE_US;
    return [...this.attempts]
      .filter(([, attempts]) => attempts.some((attempt, index) => early(attempt, attempts[index - 1])))
      .map(([id]) => id);
  }

  #finished(id: string): readonly Attempt[] {
    return (this.attempts.get(id) ?? []).filter(({ endedAt }) => endedAt !== undefined);
  }

  #add(line: string): void {
    const [kind = "", at, id = "", fence] = line.split(" ");
    if (kind === "ready" || kind === "unready") {
      this.readiness.push({ at: Number(at), ready: kind === "ready" });
      return;
    }
    const attempts = this.attempts.get(id) ?? [];
    this.attempts.set(id, attempts);
    if (kind === "start") attempts.push({ fence: Number(fence), startedAt: Number(at) });
    const ended = attempts.find((attempt) => attempt.fence === Number(fence));
    if (kind === "effect" && ended !== undefined) ended.endedAt = Number(at);
  }
}
