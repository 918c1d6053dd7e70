import type { Clock } from "@chimera/dlq";
import { QueueError } from "./errors.ts";
import {
  MAX_BATCH,
  type EnqueueResult,
  type JobView,
  type JobState,
  type NewJob,
  type QueueBackend,
} from "./protocol.ts";
import { integerHeader, MAX_DELIVERIES_HEADER } from "./reserved-headers.ts";

/** What a drain did. */
export interface DrainReport {
  /** Jobs that the target took now. */
  readonly moved: number;
  /** Jobs that the target had already: an earlier drain was cut short after they were taken. */
  readonly duplicates: number;
  /** Jobs that stay behind, since the target could not take them; the next drain tries again. */
  readonly left: number;
}

/** How long the target recognises a job that an earlier, cut-short drain had brought: a day. */
const DEDUP_TTL_MS = 86_400_000;
/** The order jobs are taken in: what was handed out comes first, as a reclaim would put it. */
const STATES: readonly JobState[] = ["in-flight", "ready", "delayed"];

/**
 * Moves every job of one backend into another, under its id: into the target first, out of the source second, so that a
 * crash between the two leaves the job in both, where the id makes it one.
 *
 * Ids, bodies, headers, priorities and what is left of a delay come along. Attempts begin anew, and a dedup key of the producer's,
 * an expiry and the history of failures stay behind. Nobody may work on the source meanwhile.
 *
 * @throws QueueError `QUEUE_INVALID` when the source cannot be browsed
 */
export async function drainQueue(
  source: QueueBackend,
  target: QueueBackend,
  clock: Clock,
): Promise<DrainReport> {
  const { admin } = source;
  if (admin === undefined) {
    throw new QueueError(
      "QUEUE_INVALID",
      "Expected the backend to drain to offer `admin`: its jobs cannot be listed",
    );
  }
  let moved = 0;
  let duplicates = 0;
  for (const state of STATES) {
    for (;;) {
      // Always the first page: what was moved is gone from it.
      const { jobs } = await admin.browse({ state, limit: MAX_BATCH });
      if (jobs.length === 0) break;
      const results = await target.enqueue(jobs.map((view) => jobOf(view, clock.now())));
      const taken = jobs.filter((_, index) => isTaken(results[index]));
      await admin.cancel(taken.map(({ job }) => job.id));
      moved += results.filter(({ status }) => status === "enqueued").length;
      duplicates += results.filter(({ status }) => status === "duplicate").length;
      if (taken.length < jobs.length) return { moved, duplicates, left: await countLeft(source) };
    }
  }
  return { moved, duplicates, left: 0 };
}

function jobOf({ job, dueAt }: JobView, nowMs: number): NewJob {
  const delayMs = dueAt === undefined ? 0 : Math.max(0, Math.ceil(dueAt - nowMs));
  const maxDeliveries = integerHeader(job.headers, MAX_DELIVERIES_HEADER);
  return {
    id: job.id,
    body: job.body,
    headers: job.headers,
    priority: job.priority,
    dedupKey: `drain:${job.id}`,
    dedupTtlMs: DEDUP_TTL_MS,
    ...(delayMs > 0 && { delayMs }),
    ...(maxDeliveries !== undefined && { maxDeliveries }),
  };
}

function isTaken(result: EnqueueResult | undefined): boolean {
  return result?.status === "enqueued" || result?.status === "duplicate";
}

async function countLeft(source: QueueBackend): Promise<number> {
  const { depth, delayed, inFlight } = await source.metrics();
  return depth + delayed + inFlight;
}
