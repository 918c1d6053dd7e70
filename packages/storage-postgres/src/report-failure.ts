import { errorCode, errorMessage } from "@chimera/dlq";
import type { Credentials } from "./credentials.ts";
import type { PostgresErrorCode, ServerReport } from "./errors.ts";
import { PostgresError } from "./errors.ts";
import type { Failure } from "./failure.ts";
import { permanentCode, sqlStateOf } from "./sqlstate.ts";

/** What a report needs to know of the call. */
export interface ReportContext {
  readonly attempts: number;
  readonly idempotent: boolean;
  readonly signal: AbortSignal | undefined;
  readonly credentials: Credentials;
}

/** What the caller of a failed call gets: a `PostgresError`, or the reason of its own abort when nothing took effect. */
export function reportFailure(failure: Failure, context: ReportContext): Error {
  const { kind, driverError, interruption } = failure;
  const { attempts, idempotent, signal, credentials } = context;
  const mayHaveHappened = failure.isOpen && !idempotent;
  if (interruption === "abort" && !mayHaveHappened) return signal?.reason as Error;
  const said = saidBy(driverError, credentials);
  const details = { attempts, cause: causeOf(driverError, credentials), report: serverReport(driverError) };
  const tries = attempts === 1 ? "" : ` (${attempts} tries)`;
  if (mayHaveHappened) {
    const message = `Sent, but the answer was lost${tries}: the effect may have happened. ${said}`;
    return new PostgresError("OUTCOME_UNKNOWN", message, details);
  }
  if (interruption === "deadline") {
    const effect = failure.isOpen ? "the effect may have happened" : "nothing took effect";
    const message = `The deadline was over${tries}; ${effect}: ${said}`;
    return new PostgresError("DEADLINE_EXCEEDED", message, { ...details, retryable: true });
  }
  if (kind === "permanent") return new PostgresError(permanentCode(driverError), said, details);
  const [code, prefix] = RETRYABLE[kind];
  return new PostgresError(code, `${prefix}${tries}: ${said}`, { ...details, retryable: true });
}

const RETRYABLE = {
  "never-sent": ["POSTGRES_UNAVAILABLE", "Postgres cannot be reached"],
  unknown: ["POSTGRES_UNAVAILABLE", "Postgres was lost while it worked"],
  "rolled-back": ["ROLLED_BACK", "Postgres rolled the work back"],
  failover: ["READ_ONLY_SERVER", "Postgres takes only reads"],
} as const satisfies Record<string, readonly [PostgresErrorCode, string]>;

function saidBy(error: unknown, credentials: Credentials): string {
  const message = errorMessage(error);
  const code = errorCode(error);
  const shown = code === undefined || message.includes(code) ? message : `${message} (${code})`;
  return credentials.redact(shown);
}

/** The driver's error without what could hold a secret or a row: its own properties stay behind, and its stack, which never leaves the driver's parser. */
function causeOf(error: unknown, credentials: Credentials): Error {
  const cause = new Error(credentials.redact(errorMessage(error)));
  cause.name = error instanceof Error ? error.name : "Error";
  const code = errorCode(error);
  return code === undefined ? cause : Object.assign(cause, { code });
}

function serverReport(error: unknown): ServerReport {
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined) return {};
  const { constraint, schema, table, column } = error as Omit<ServerReport, "sqlState">;
  return {
    sqlState,
    ...(constraint !== undefined && { constraint }),
    ...(schema !== undefined && { schema }),
    ...(table !== undefined && { table }),
    ...(column !== undefined && { column }),
  };
}
