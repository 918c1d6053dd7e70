import type { Clock } from "@chimera/dlq";
import type { ActiveJob } from "./active-job.ts";

/** What a runner needs of its worker. */
export interface RunnerHooks {
  /** 0: no limit. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** The next job to start, or `undefined` while there is none or none may start. */
  readonly next: (nowMs: number) => ActiveJob | undefined;
  readonly succeeded: (job: ActiveJob, durationMs: number, nowMs: number) => void;
  readonly failed: (job: ActiveJob, error: unknown) => void;
  /** The body could not be decoded or does not match the schema; the handler was not called. */
  readonly invalid: (job: ActiveJob, error: unknown) => void;
  /** Hands jobs back unrun. */
  readonly release: (jobs: readonly ActiveJob[]) => void;
  /** Nothing runs and nothing waits to run: no later settlement could ride along with the ones there are. */
  readonly emptied: () => void;
}

/** Runs a user's handler over jobs: one by one, or batch by batch. */
export interface JobRunner {
  /** Jobs taken and not ended. */
  readonly running: number;
  jobs(): Iterable<ActiveJob>;
  /** Starts jobs while there are both jobs and room. */
  fill(): void;
  /** Ends the attempt of a job; whatever its handler does later is ignored and its place is free. */
  giveUp(job: ActiveJob): void;
  /** The jobs that were taken and whose handler was not called yet. */
  unstarted(): Iterable<ActiveJob>;
  /** Takes those back. */
  takeUnstarted(): ActiveJob[];
  /** Ends timers. */
  stop(): void;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
