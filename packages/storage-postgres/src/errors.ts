import type { CodedErrorDetails } from "@chimera/dlq";
import { CodedError } from "@chimera/dlq";

/** Every code of {@link PostgresError}. */
export type PostgresErrorCode =
  /** An option, setting or argument is not what was expected. Nothing was sent. */
  | "POSTGRES_INVALID"
  /** The adapter was closed. */
  | "POSTGRES_CLOSED"
  /** No client came free in time: the pool is busy, the server may be well. Retryable: nothing was sent. */
  | "POOL_TIMEOUT"
  /** The server could not be reached, or was lost during a call that is safe to repeat. Retryable. */
  | "POSTGRES_UNAVAILABLE"
  /** The connection was lost after sending: the effect may have happened. Look before repeating; not marked retryable. */
  | "OUTCOME_UNKNOWN"
  /** The server rolled the work back: conflict, deadlock, lock or resources. Retryable: there was no effect. */
  | "ROLLED_BACK"
  /** The server takes only reads, as after a failover. Retryable: there was no effect. */
  | "READ_ONLY_SERVER"
  /** `deadlineMs` was over; what ran was cancelled on the server. Retryable: there was no effect, or the call was idempotent. */
  | "DEADLINE_EXCEEDED"
  /** The server cancelled the statement: `statement_timeout`, or an administrator. There was no effect. */
  | "STATEMENT_CANCELED"
  /** Credentials, database or TLS were refused. */
  | "ACCESS_DENIED"
  /** A constraint refused the rows (SQLSTATE class 23). */
  | "CONSTRAINT_VIOLATION"
  /** A value does not fit its type (SQLSTATE class 22). */
  | "DATA_INVALID"
  /** The server refused the statement: syntax, names, rights (SQLSTATE class 42 and all others). */
  | "QUERY_REFUSED";

/** What the server said about a refusal, as far as it said it. */
export interface ServerReport {
  /** The five characters of PostgreSQL's appendix A. */
  readonly sqlState?: string;
  readonly constraint?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
}

/** How full a pool was when nobody got a client. */
export interface PoolState {
  readonly poolSize: number;
  readonly maxOverflow: number;
  readonly inUse: number;
  readonly waiting: number;
}

/** What a {@link PostgresError} says beside its message. */
export interface PostgresErrorDetails extends CodedErrorDetails {
  /** Tries that were made, the first included. @defaultValue 1 */
  readonly attempts?: number;
  readonly report?: ServerReport;
  readonly pool?: PoolState;
}

/** The one error of `@chimera/storage-postgres`. Message and cause are redacted: no password is in either. */
export class PostgresError extends CodedError<PostgresErrorCode> {
  override readonly name = "PostgresError";
  /** Tries that were made, the first included. */
  readonly attempts: number;
  readonly sqlState: string | undefined;
  readonly report: ServerReport;
  /** Only with `POOL_TIMEOUT`. */
  readonly pool: PoolState | undefined;

  constructor(code: PostgresErrorCode, message: string, details: PostgresErrorDetails = {}) {
    super(code, message, details);
    this.attempts = details.attempts ?? 1;
    this.report = details.report ?? {};
    this.sqlState = this.report.sqlState;
    this.pool = details.pool;
  }

  override toJSON(): ReturnType<CodedError<PostgresErrorCode>["toJSON"]> & {
    attempts: number;
    sqlState?: string;
  } {
    const { attempts, sqlState } = this;
    return { ...super.toJSON(), attempts, ...(sqlState !== undefined && { sqlState }) };
  }
}

/** "Pool busy", as a type: the same class with its code fixed, since a second class would not survive ESM beside CommonJS. */
export type PoolTimeoutError = PostgresError & { readonly code: "POOL_TIMEOUT"; readonly pool: PoolState };

/** "It may have happened", as a type. */
export type OutcomeUnknownError = PostgresError & { readonly code: "OUTCOME_UNKNOWN" };

/** Whether no client of the pool came free in time. Looks at the code, so it works across module formats. */
export function isPoolTimeoutError(error: unknown): error is PoolTimeoutError {
  return hasCode(error, "POOL_TIMEOUT");
}

/** Whether an effect may or may not have happened. Looks at the code, so it works across module formats. */
export function isOutcomeUnknownError(error: unknown): error is OutcomeUnknownError {
  return hasCode(error, "OUTCOME_UNKNOWN");
}

function hasCode(error: unknown, code: PostgresErrorCode): boolean {
  return (
    error instanceof Error && error.name === "PostgresError" && (error as { code?: unknown }).code === code
  );
}
