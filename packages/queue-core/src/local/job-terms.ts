import type { NewJob, Priority } from "../protocol.ts";
import type { DedupEntry } from "./dedup-table.ts";
import { momentAfter } from "./moment.ts";

/** What an enqueue said of its job beside id and body. Moments are whole milliseconds of the store's time. */
export interface JobTerms {
  readonly headers: Readonly<Record<string, string>>;
  readonly priority: Priority;
  readonly maxDeliveries: number;
  /** From when on it is no longer handed out. */
  readonly expiresAt: number | undefined;
  /** The key that the job has taken: it dies with the job, unless it has a life of its own (a finite `at`). */
  readonly dedup: DedupEntry | undefined;
}

/** Deliveries after which a job is handed out as exhausted, unless it says otherwise. */
const DEFAULT_MAX_DELIVERIES = 20;

/** The terms of a job that says nothing, which most do: one object for all of them. */
const PLAIN_TERMS: JobTerms = Object.freeze({
  headers: Object.freeze({}),
  priority: "normal",
  maxDeliveries: DEFAULT_MAX_DELIVERIES,
  expiresAt: undefined,
  dedup: undefined,
});

/** @param dedup - the key that the job has taken */
export function termsOf(job: NewJob, dedup: DedupEntry | undefined, nowMs: number): JobTerms {
  const { headers, priority, maxDeliveries, expiresInMs } = job;
  const plain =
    dedup === undefined &&
    headers === undefined &&
    priority === undefined &&
    maxDeliveries === undefined &&
    expiresInMs === undefined;
  if (plain) return PLAIN_TERMS;
  return {
    headers: headers === undefined ? PLAIN_TERMS.headers : Object.freeze({ ...headers }),
    priority: priority ?? PLAIN_TERMS.priority,
    maxDeliveries: maxDeliveries ?? PLAIN_TERMS.maxDeliveries,
    expiresAt: expiresInMs === undefined ? undefined : momentAfter(nowMs, expiresInMs),
    dedup,
  };
}
