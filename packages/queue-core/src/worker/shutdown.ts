import type { Clock } from "@chimera/dlq";
import { JobAborted } from "./abort-reasons.ts";
import type { ActiveJob } from "./active-job.ts";
import type { Milestones } from "./milestones.ts";

/** Time kept back at the end for handing jobs back and telling the backend, at most. */
const RESERVE_MS = 1_000;

/** The parts that a shutdown moves. */
export interface ShutdownOptions {
  readonly clock: Clock;
  readonly milestones: Milestones;
  /** Fetches and starts nothing any more, hands back what was not started. */
  readonly stopIntake: () => void;
  /** Whether no handler runs and no letter is on its way. */
  readonly finished: () => boolean;
  /** Whether every settlement was answered and no call is under way. */
  readonly flushed: () => boolean;
  readonly running: () => Iterable<ActiveJob>;
  readonly release: (jobs: readonly ActiveJob[]) => void;
  readonly giveUp: (job: ActiveJob) => void;
  /** Hands back the jobs whose letters are not stored. */
  readonly handBackLetters: () => void;
  /** Sends what there is to settle without waiting: not for the end of the turn, nor for the next try after a failure. */
  readonly flush: () => void;
  /** Ends loops and timers. */
  readonly stop: () => void;
}

/**
 * Closes a worker within `deadlineMs`: stops fetching, hands back what was not started, lets running handlers end,
 * then aborts their signals and hands their jobs back too, with those whose letters are not stored.
 *
 * A handler that ends after its job was handed back is ignored. What could not be told to the backend in time comes
 * back when its lease ends: late, never lost.
 */
export async function shutDown(options: ShutdownOptions, deadlineMs: number): Promise<void> {
  const { clock, milestones, finished, flushed, running, release, giveUp } = options;
  const endsAt = clock.monotonic() + deadlineMs;
  options.stopIntake();
  const reserveMs = Math.min(RESERVE_MS, deadlineMs / 4);
  if (!(await milestones.reached(finished, deadlineMs - reserveMs))) {
    const reason = new JobAborted(
      "WORKER_CLOSING",
      `The worker closes: its deadline of ${deadlineMs} ms has come`,
    );
    for (const job of running()) job.abort(reason);
    // A turn of the event loop for handlers that end as soon as they see the signal: their results still count.
    await new Promise((resolve) => setImmediate(resolve));
    const rest = [...running()];
    release(rest);
    for (const job of rest) giveUp(job);
    options.flush();
  }
  const done = (): boolean => finished() && flushed();
  if (!(await milestones.reached(done, (endsAt - clock.monotonic()) / 2))) {
    // A store that has not answered by now counts as failed.
    options.handBackLetters();
    options.flush();
    await milestones.reached(done, endsAt - clock.monotonic());
  }
  options.stop();
}
