import type { DedupEntry } from "./dedup-table.ts";
import type { JobRecord } from "./job-record.ts";

/** Who wants to know what changes in a store: told before the step that changes it returns. */
export interface ChangeLog {
  /** A job has moved, or is gone. */
  jobChanged(record: JobRecord): void;
  /** A dedup key with a life of its own was taken. */
  keyTaken(entry: DedupEntry): void;
  /** The queue was paused or resumed. */
  pauseChanged(): void;
}
