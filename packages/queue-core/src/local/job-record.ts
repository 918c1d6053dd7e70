import type { DeliveryError, JobState } from "../protocol.ts";
import type { JobTerms } from "./job-terms.ts";
import type { Timed } from "./time-heap.ts";

/** What went wrong with a job so far. Replaced as a whole, never changed. */
export interface JobTroubles {
  readonly failures: number;
  readonly reclaims: number;
  /** Oldest first. */
  readonly errors: readonly DeliveryError[];
}

/** Of a job that was never in trouble. */
const NO_TROUBLES: JobTroubles = Object.freeze({
  failures: 0,
  reclaims: 0,
  errors: Object.freeze([]),
});

/** Where a journal has a job. */
export class JournalMark {
  /** The journal's number of this job; 0 when it was never written. */
  journalId = 0;
  /** The journal's segment that holds the whole job; 0 when none does. */
  segment = 0;
  /** Whether the job has changed since the journal last wrote it. */
  dirty = false;
}

/**
 * One job in memory. It stands in exactly one place, which `state` names, and knows its place
 * there: moving a job allocates nothing, and taking it out of anywhere needs no search.
 *
 * The garbage collector carries every waiting job along, so a record is small: what is the same for most jobs is one shared
 * object, and its numbers are small integers, which V8 keeps inside; a fraction or a moment since the epoch would
 * be one more object each.
 */
export class JobRecord implements Timed {
  readonly id: string;
  readonly body: string;
  readonly terms: JobTerms;
  readonly enqueuedAt: number;
  /** The index's hash of the id; 0 while the job is not in the index. */
  hash = 0;

  state: JobState | "gone" = "gone";
  /** Ready: since when. Delayed: when it is due. In flight: when the lease ends. */
  at = 0;
  /** Ready: its position in the list. Delayed: the order of arrival. In flight: the number of the delivery. */
  order = 0;
  /** Its place in the list or the heap that it stands in. */
  heapIndex = -1;

  deliveryCount = 0;
  troubles: JobTroubles = NO_TROUBLES;
  /** Only with a journal. */
  readonly mark: JournalMark | undefined;

  constructor(id: string, body: string, terms: JobTerms, enqueuedAt: number, mark: JournalMark | undefined) {
    this.id = id;
    this.body = body;
    this.terms = terms;
    this.enqueuedAt = enqueuedAt;
    this.mark = mark;
  }
}
