import { CodedError } from "@chimera/dlq";

/** Why a job's signal aborted. */
export type JobAbortCode =
  /** The attempt ran longer than `timeoutMs`. It counts as a failure, whatever the handler does later. */
  | "JOB_TIMED_OUT"
  /** The lease ended, or another consumer has the job: whatever the handler still writes may be doubled. */
  | "JOB_LEASE_LOST"
  /** The worker is closing and its deadline has come. The job goes back to the queue; the attempt is not counted. */
  | "WORKER_CLOSING";

/** The reason of an aborted `job.signal`, and the error of an attempt that timed out. */
export class JobAborted extends CodedError<JobAbortCode> {
  override readonly name = "JobAborted";
}
