import { JobRecord, JournalMark } from "../job-record.ts";
import type { JobStore } from "../job-store.ts";
import type { JobTerms } from "../job-terms.ts";
import type { RecoveredJob, RecoveredQueue } from "./recovery.ts";

/** Fences that one opening of the journal has for itself. */
const FENCES_AN_OPENING = 2 ** 32;

/**
 * Puts what a journal said into an empty store. Every lease counts as expired: whoever held one was a process that is
 * gone, so the first dequeue reclaims them, in the order in which they were handed out.
 */
export function restore(store: JobStore, recovered: RecoveredQueue, opening: number): void {
  const byOrder = [...recovered.jobs.values()].toSorted(
    (left, right) => left.latest.order - right.latest.order,
  );
  const lastDelay = byOrder.findLast(({ latest }) => latest.state === "delayed")?.latest.order ?? 0;
  store.continueFrom({ fenceBase: opening * FENCES_AN_OPENING, lastDelay });
  Object.assign(store.counters, recovered.counters);
  store.paused = recovered.paused;
  for (const [key, { jobId, expiresAt, segment }] of recovered.keys) {
    store.dedup.take(key, jobId, expiresAt - store.epochMs).segment = segment;
  }
  for (const job of byOrder) place(store, recordOf(store, job), job);
}

function recordOf(store: JobStore, job: RecoveredJob): JobRecord {
  const terms: JobTerms = {
    headers: Object.freeze(job.headers),
    priority: job.priority,
    maxDeliveries: job.maxDeliveries,
    expiresAt: job.expiresAt === undefined ? undefined : job.expiresAt - store.epochMs,
    dedup: job.dedupKey === undefined ? undefined : store.dedup.take(job.dedupKey, job.id, Infinity),
  };
  const mark = new JournalMark();
  mark.journalId = job.journalId;
  mark.segment = job.segment;
  const record = new JobRecord(job.id, job.body, terms, job.enqueuedAt - store.epochMs, mark);
  const { deliveryCount, failures, reclaims, errors } = job.latest;
  record.deliveryCount = deliveryCount;
  record.troubles = { failures, reclaims, errors: Object.freeze(errors) };
  return record;
}

function place(store: JobStore, record: JobRecord, { latest }: RecoveredJob): void {
  store.jobs.add(record);
  record.state = latest.state;
  record.at = latest.at - store.epochMs;
  record.order = latest.order;
  if (latest.state === "ready") store.ready.of(record.terms.priority).append(record);
  else if (latest.state === "delayed") store.delayed.push(record);
  else store.restoreLease(record);
}
