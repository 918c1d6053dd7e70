/** What has happened to the jobs of a queue since it was made. */
export interface JobCounters {
  enqueued: number;
  /** Settled `done`. */
  processed: number;
  /** Settled `retry` as a failure of the job. */
  failed: number;
  /** Settled `retry`, whatever the reason. */
  retried: number;
  /** Settled `dead`. */
  deadLettered: number;
  reclaimed: number;
  cancelled: number;
  expired: number;
}

export function newJobCounters(): JobCounters {
  return {
    enqueued: 0,
    processed: 0,
    failed: 0,
    retried: 0,
    deadLettered: 0,
    reclaimed: 0,
    cancelled: 0,
    expired: 0,
  };
}
