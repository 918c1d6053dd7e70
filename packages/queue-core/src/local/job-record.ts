import type { DeliveryError, JobState, Priority, Receipt } from "../protocol.ts";
import type { DedupEntry } from "./dedup-table.ts";
import type { Timed } from "./time-heap.ts";

const NO_ERRORS: readonly DeliveryError[] = Object.freeze([]);

/** What is fixed about a job from its enqueue on. Moments are whole milliseconds of the store's time. */
export interface JobFacts {
  readonly id: string;
  /** The index's hash of the id. */
  readonly hash: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly priority: Priority;
  readonly maxDeliveries: number;
  readonly enqueuedAt: number;
  /** From when on it is no longer handed out. */
  readonly expiresAt: number | undefined;
  /** The key that dies with this job. A key with a life of its own is not here. */
  readonly dedup: DedupEntry | undefined;
}

/**
 * One job in memory. It stands in exactly one place, which `state` names, and carries the links of that place
 * itself: moving a job allocates nothing, and taking it out of anywhere needs no search.
 *
 * Its numbers are small integers, which V8 keeps inside the record; a fraction or a moment since the epoch would be one
 * more object each, for the garbage collector to carry along with every waiting job.
 */
export class JobRecord implements Timed {
  readonly id: string;
  /** The index's hash of the id. */
  readonly hash: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly priority: Priority;
  readonly maxDeliveries: number;
  readonly enqueuedAt: number;
  readonly expiresAt: number | undefined;
  readonly dedup: DedupEntry | undefined;

  state: JobState | "gone" = "gone";
  /** Ready: since when. Delayed: when it is due. In flight: when the lease ends. */
  at = 0;
  /** Ready: its position in the list. Delayed: the order of arrival. In flight: the number of the delivery. */
  order = 0;
  heapIndex = -1;
  previous: JobRecord | undefined = undefined;
  next: JobRecord | undefined = undefined;

  receipt: Receipt | undefined = undefined;
  deliveryCount = 0;
  failures = 0;
  reclaims = 0;
  errors: readonly DeliveryError[] = NO_ERRORS;

  /** The journal's number of this job; 0 when it was never written. */
  journalId = 0;
  /** The journal's segment that holds the whole job; 0 when none does. */
  segment = 0;
  /** Whether it has changed since the journal last wrote it. */
  dirty = false;

  constructor(facts: JobFacts) {
    this.id = facts.id;
    this.hash = facts.hash;
    this.body = facts.body;
    this.headers = facts.headers;
    this.priority = facts.priority;
    this.maxDeliveries = facts.maxDeliveries;
    this.enqueuedAt = facts.enqueuedAt;
    this.expiresAt = facts.expiresAt;
    this.dedup = facts.dedup;
  }
}
