import { CodedError } from "@chimera/dlq";

/** Every code of {@link QueueError}. */
export type QueueErrorCode =
  /** An option, setting or argument is not what was expected. */
  | "QUEUE_INVALID"
  /** A payload does not match the queue's schema; `issues` lists why. */
  | "QUEUE_PAYLOAD_INVALID"
  /** A payload is larger than the queue's limit. */
  | "QUEUE_PAYLOAD_TOO_LARGE"
  /** `maxDepth` is reached. Retryable: consumers are behind. */
  | "QUEUE_FULL"
  /** The backend cannot be reached. Retryable. */
  | "BACKEND_UNAVAILABLE"
  /** The backend's server is out of memory; nothing was half written. Retryable. */
  | "BACKEND_FULL"
  /** A newer release wrote this queue; upgrade this one. */
  | "QUEUE_LAYOUT_NEWER"
  /** The queue holds jobs spread over another number of partitions. */
  | "QUEUE_PARTITIONS_DIFFER"
  /** The journal cannot be read or written. */
  | "QUEUE_JOURNAL"
  /** The queue, worker or backend was closed. */
  | "QUEUE_CLOSED";

/** The one error of `@chimera/queue-core` and of backends written for it. */
export class QueueError extends CodedError<QueueErrorCode> {
  override readonly name = "QueueError";
}
