import { CodedError } from "@chimera/dlq";
import type { CodedErrorDetails } from "@chimera/dlq";

/** Every code of {@link ClickHouseStorageError}. */
export type ClickHouseStorageErrorCode =
  /** An option, setting or argument is not what was expected; `issues` lists each. */
  | "CLICKHOUSE_INVALID"
  /** A row cannot be sent as it is; the message names the field. */
  | "CLICKHOUSE_ROW_INVALID"
  /** One row is larger than a whole batch may be. */
  | "CLICKHOUSE_ROW_TOO_LARGE"
  /** The server cannot be reached, is overloaded, or its reply was lost. Retryable. */
  | "CLICKHOUSE_UNAVAILABLE"
  /** The server lacks a table, a database or a right. Retryable: a migration may be in flight. */
  | "CLICKHOUSE_MISCONFIGURED"
  /** The server refused the rows or the statement; the same again cannot help. */
  | "CLICKHOUSE_REJECTED"
  /** Rows were neither stored nor dead-lettered, since the dead-letter store failed too. Retryable. */
  | "CLICKHOUSE_DEAD_LETTERS_FAILED"
  /** Ended by its caller's signal, or by `close`, before the server had answered. */
  | "CLICKHOUSE_ABORTED"
  /** The adapter or writer was closed. */
  | "CLICKHOUSE_CLOSED";

/** What a {@link ClickHouseStorageError} says beside its message. */
export interface ClickHouseStorageErrorDetails extends CodedErrorDetails {
  /** The server's own error number, when a server answered. */
  readonly serverCode?: number;
}

/**
 * The one error of `@chimera/storage-clickhouse`. Its message is redacted and it has no cause: the driver's
 * errors can show the password.
 */
export class ClickHouseStorageError extends CodedError<ClickHouseStorageErrorCode> {
  override readonly name = "ClickHouseStorageError";
  /** The server's own error number (`SELECT * FROM system.errors`), when a server answered. */
  readonly serverCode: number | undefined;

  constructor(
    code: ClickHouseStorageErrorCode,
    message: string,
    details: ClickHouseStorageErrorDetails = {},
  ) {
    super(code, message, details);
    this.serverCode = details.serverCode;
  }
}

/** One error for several issues, each also listed in `issues`. */
export function invalid(what: string, issues: readonly string[]): ClickHouseStorageError {
  return new ClickHouseStorageError("CLICKHOUSE_INVALID", `${what}: ${issues.join("; ")}`, { issues });
}
