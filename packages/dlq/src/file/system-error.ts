import { DlqError, type DlqErrorCode } from "../errors.ts";
import { errorCode, errorMessage } from "../foundation/coded-error.ts";

const CODES: Readonly<Record<string, DlqErrorCode>> = {
  ENOSPC: "DLQ_NO_SPACE",
  EDQUOT: "DLQ_NO_SPACE",
  // The process's own limit of a file's size (RLIMIT_FSIZE).
  EFBIG: "DLQ_NO_SPACE",
  EACCES: "DLQ_NOT_WRITABLE",
  EPERM: "DLQ_NOT_WRITABLE",
  EROFS: "DLQ_NOT_WRITABLE",
  EISDIR: "DLQ_NOT_WRITABLE",
  // What `O_NOFOLLOW` answers for a symlink.
  ELOOP: "DLQ_NOT_WRITABLE",
  ENOENT: "DLQ_NO_DIRECTORY",
  ENOTDIR: "DLQ_NO_DIRECTORY",
};

const RETRYABLE: ReadonlySet<DlqErrorCode> = new Set(["DLQ_NO_SPACE", "DLQ_UNAVAILABLE"]);

/** The error of a failed system call as ours; one of ours comes back as it is. Any other becomes `DLQ_UNAVAILABLE`. */
export function toDlqError(error: unknown, action: string): DlqError {
  if (error instanceof DlqError) return error;
  const code = CODES[errorCode(error) ?? ""] ?? "DLQ_UNAVAILABLE";
  return new DlqError(code, `Could not ${action}: ${errorMessage(error)}`, {
    retryable: RETRYABLE.has(code),
    cause: error,
  });
}
