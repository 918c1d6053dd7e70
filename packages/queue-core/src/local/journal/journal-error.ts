import { errorCode, errorMessage } from "@chimera/dlq";
import { QueueError } from "../../errors.ts";

/** Causes that pass: room is made, a limit raised, another process ends. */
const PASSING: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EMFILE", "ENFILE", "DLQ_LOCKED"]);

/** Why the journal could not do something, as `QUEUE_JOURNAL`; one of ours comes back as it is. */
export function toJournalError(error: unknown, action: string): QueueError {
  if (error instanceof QueueError) return error;
  return new QueueError("QUEUE_JOURNAL", `Could not ${action}: ${errorMessage(error)}`, {
    retryable: PASSING.has(errorCode(error) ?? ""),
    cause: error,
  });
}
