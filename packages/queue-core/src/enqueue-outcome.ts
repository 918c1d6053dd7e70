import { errorCode, errorMessage, redactText } from "@chimera/dlq";
import { QueueError } from "./errors.ts";
import type { EnqueueResult } from "./protocol.ts";

/** What became of one payload of `enqueueMany`. */
export type EnqueueManyResult =
  | EnqueueResult
  /** Nothing was sent: the payload does not match the schema, cannot be encoded, or is too large. */
  | { readonly status: "invalid"; readonly error: QueueError };

/** The error that a result stands for. */
export function enqueueError(
  queue: string,
  jobId: string,
  result: Extract<EnqueueResult, { status: "full" | "unknown" }>,
): QueueError {
  if (result.status === "full") {
    return new QueueError("QUEUE_FULL", `Queue \`${queue}\` is full: consumers are behind`, {
      retryable: true,
    });
  }
  const cause = result.error;
  if (errorCode(cause) === "BACKEND_FULL") {
    return new QueueError("BACKEND_FULL", redactText(errorMessage(cause)), { retryable: true, cause });
  }
  return new QueueError(
    "BACKEND_UNAVAILABLE",
    `Queue \`${queue}\` did not confirm job \`${jobId}\`: enqueue it again with this \`id\`, which is safe if it is there (${redactText(errorMessage(cause))})`,
    { retryable: true, cause },
  );
}
