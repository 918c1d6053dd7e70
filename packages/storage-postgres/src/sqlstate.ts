import { errorCode, errorMessage } from "@chimera/dlq";
import type { PostgresErrorCode } from "./errors.ts";

/**
 * What a failure says about its effect, which alone decides whether a repetition is safe.
 *
 * `never-sent`: the server has not seen it. `rolled-back`: the server undid it. `failover`: the server takes only
 * reads now. `unknown`: it may have happened. `permanent`: it did not happen and will not by itself.
 */
export type FailureClass = "never-sent" | "rolled-back" | "failover" | "unknown" | "permanent";

/** Where a failure met us: before the server had the statement, or after. */
export type FailurePhase = "reaching" | "sent";

/** A SQLSTATE (PostgreSQL documentation, appendix A); errors of the system have codes of letters such as `EPIPE`. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * Undone by the server, and worth another try: conflicts, locks, no room for a session. Fatal ones too: 40001 ends
 * sessions on a standby alone, which writes nothing, and 53300 is said at the door, whoever passes it on.
 */
const ROLLED_BACK = /^(?:40001|40P01|55P03|55006|53300)$/;
/** The server's resources and its disk: undone where only the statement failed. */
const SHORTAGE = /^(?:53...|58...)$/;
/** The session ended or its transport failed, perhaps behind the effect. */
const OUTCOME_UNKNOWN = /^(?:08...|57P0[1-5]|40003|25P03|25P04)$/;
/** At the door these do not mend themselves: credentials, a database or role that is not there, rights. */
const DOOR_CLOSED = /^(?:28...|3D000|42...|22...)$/;

/** Driver errors that carry no code and were raised before anything was written (pg 8.23, client.js). */
const UNSENT_MESSAGE = /is not queryable|Client has already been connected/;
/** PgBouncer gave up before it had a server for the statement (its source: pooler and janitor; SQLSTATE 08P01 for all). */
const UNSENT_BY_BOUNCER =
  /^(?:pgbouncer cannot connect to server|query_wait_timeout|server login has been failing|server login failed)/;
/** Refusals in the handshake without a SQLSTATE: SASL and TLS. */
const HANDSHAKE_REFUSED =
  /^SASL|password must be|does not support SSL|self[- ]signed|certificate|Hostname\/IP does not match|unsupported protocol/i;
/** OpenSSL's and Node's codes for a certificate that is not trusted. */
const CERTIFICATE_CODE = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** A named statement whose table has changed: refused before it ran, cured by a fresh session. */
const STALE_PLAN = "cached plan must not change result type";

/** The SQLSTATE of a driver error, when the server sent one. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = errorCode(error);
  return code !== undefined && SQLSTATE.test(code) && "severity" in (error as object) ? code : undefined;
}

/** Classifies a driver error. `clientLost`: whether the connection was gone when it came. */
export function classifyFailure(error: unknown, phase: FailurePhase, clientLost: boolean): FailureClass {
  const sqlState = sqlStateOf(error);
  if (phase === "reaching") return isDoorClosed(error, sqlState) ? "permanent" : "never-sent";
  if (sqlState === undefined) {
    if (UNSENT_MESSAGE.test(errorMessage(error))) return "never-sent";
    // With the connection alive it was the driver that refused: a value it could not encode or decode.
    return clientLost || isTransportError(error) ? "unknown" : "permanent";
  }
  if (sqlState === "08P01" && UNSENT_BY_BOUNCER.test(errorMessage(error))) return "never-sent";
  if (sqlState === "25006") return "failover";
  if (ROLLED_BACK.test(sqlState) || isStalePlan(error)) return "rolled-back";
  if (SHORTAGE.test(sqlState)) return onlyStatementFailed(error) ? "rolled-back" : "unknown";
  return OUTCOME_UNKNOWN.test(sqlState) || isFatal(error) ? "unknown" : "permanent";
}

/** Whether the session cannot be used again after this error. */
export function endsSession(error: unknown): boolean {
  return sqlStateOf(error) === undefined || isFatal(error) || isStalePlan(error);
}

/** The code under which a permanent failure is reported. */
export function permanentCode(error: unknown): PostgresErrorCode {
  const sqlState = sqlStateOf(error);
  if (isDoorClosedBySession(error, sqlState)) return "ACCESS_DENIED";
  if (sqlState === undefined) return "POSTGRES_INVALID";
  if (sqlState.startsWith("23")) return "CONSTRAINT_VIOLATION";
  if (sqlState.startsWith("22")) return "DATA_INVALID";
  return sqlState === "57014" ? "STATEMENT_CANCELED" : "QUERY_REFUSED";
}

function isDoorClosed(error: unknown, sqlState: string | undefined): boolean {
  return sqlState === undefined ? isHandshakeRefusal(error) : DOOR_CLOSED.test(sqlState);
}

function isDoorClosedBySession(error: unknown, sqlState: string | undefined): boolean {
  return sqlState === undefined ? isHandshakeRefusal(error) : /^(?:28...|3D000)$/.test(sqlState);
}

function isHandshakeRefusal(error: unknown): boolean {
  return HANDSHAKE_REFUSED.test(errorMessage(error)) || CERTIFICATE_CODE.test(errorCode(error) ?? "");
}

function isTransportError(error: unknown): boolean {
  return (
    (error as { syscall?: unknown }).syscall !== undefined ||
    /^E[A-Z]+$/.test(errorCode(error) ?? "") ||
    /^(?:Connection terminated|Query read timeout)/.test(errorMessage(error))
  );
}

function isFatal(error: unknown): boolean {
  const severity = severityOf(error);
  return severity === "FATAL" || severity === "PANIC";
}

/**
 * A disk that fails under COMMIT ends the session, or the server, when the commit record may be written. The driver
 * hands the severity on in the server's language (`lc_messages`), so in another one than English nothing is sure.
 */
function onlyStatementFailed(error: unknown): boolean {
  return severityOf(error) === "ERROR";
}

function severityOf(error: unknown): unknown {
  return (error as { severity?: unknown }).severity;
}

function isStalePlan(error: unknown): boolean {
  return errorCode(error) === "0A000" && errorMessage(error).includes(STALE_PLAN);
}
