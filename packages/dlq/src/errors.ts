import { CodedError } from "./foundation/coded-error.ts";

/** Every code of {@link DlqError}. */
export type DlqErrorCode =
  /** An option, setting or record is not what was expected. */
  | "DLQ_INVALID"
  /** The disk, or the store's quota, is full. Retryable: nothing stored before is hurt. */
  | "DLQ_NO_SPACE"
  /** The path may not be written: permissions, a read-only file system, or a symlink. */
  | "DLQ_NOT_WRITABLE"
  /** The directory is missing and could not be made. */
  | "DLQ_NO_DIRECTORY"
  /** Another replay or purge holds the store. Retryable. */
  | "DLQ_LOCKED"
  /** Retention is full and its policy is `block`. Retryable once letters were purged. */
  | "DLQ_FULL"
  /** The store could not be reached, or answered with an error. Retryable. */
  | "DLQ_UNAVAILABLE"
  /** The store was closed. */
  | "DLQ_CLOSED";

/** The one error of `@chimera/dlq`. */
export class DlqError extends CodedError<DlqErrorCode> {
  override readonly name = "DlqError";
}
