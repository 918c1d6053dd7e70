import type { DlqErrorCode } from "@chimera/dlq";
import { DlqError } from "@chimera/dlq";
import { PostgresError } from "../errors.ts";

/** SQLSTATEs that mean something of their own for a store of dead letters. */
const CODES: Readonly<Record<string, DlqErrorCode>> = {
  "53100": "DLQ_NO_SPACE",
  "42501": "DLQ_NOT_WRITABLE",
  "25006": "DLQ_NOT_WRITABLE",
};

/** A failure of the adapter as the contract of dead-letter stores words it. */
export function reportToDlq(error: unknown): unknown {
  if (!(error instanceof PostgresError)) return error;
  const { sqlState = "", message, cause } = error;
  if (sqlState === "42P01")
    return new DlqError(
      "DLQ_UNAVAILABLE",
      `The table of dead letters is not there; run migrate(). ${message}`,
      {
        // A migration may be under way.
        retryable: true,
        cause,
      },
    );
  const code = CODES[sqlState] ?? "DLQ_UNAVAILABLE";
  return new DlqError(code, message, {
    retryable: code !== "DLQ_NOT_WRITABLE" || error.retryable,
    cause: error,
  });
}
