import { errorCode, errorMessage, redactText } from "@chimera/dlq";

import { ClickHouseStorageError } from "./errors.ts";
import type { ClickHouseStorageErrorCode } from "./errors.ts";
import {
  classOfServerCode,
  isSlowServerCode,
  isStatementCode,
  isTlsCode,
  leavesOutcomeUnknown,
  NEVER_SENT,
} from "./failure-classes.ts";
import type { FailureClass } from "./failure-classes.ts";

/** A failed call, read and redacted once. */
export interface Failure {
  readonly kind: FailureClass;
  /** The server's error number, when a server answered. */
  readonly serverCode: number | undefined;
  /** `CLICKHOUSE_60`, or a system code such as `ECONNRESET`: what dead letters carry. */
  readonly code: string;
  /** Redacted, at most 1 KiB. */
  readonly message: string;
  /** Whether what was sent may have taken effect all the same. */
  readonly outcomeUnknown: boolean;
  /** No server answered with an error of its own: the breaker counts these. */
  readonly unreachable: boolean;
  /** The row the server named, counted from 1 within what was sent. */
  readonly rowNumber: number | undefined;
  /** The next try should wait long. */
  readonly slow: boolean;
}

/** `Code: 60`, in the text of old servers (`Code: 60, e.displayText() = …`), new ones and proxies alike. */
const CODE_IN_TEXT = /\bCode:\s*(\d{1,5})\b/;
/** `(at row 17)` of parsers, `is violated at row 17` of constraints. */
const ROW_IN_TEXT = /\bat row (\d{1,10})\b/;
/**
 * A materialized view failed. The table it reads from has the rows by then: under the token that they came with, a
 * repetition is recognised there and goes on to the view (seen with 26.7); under others they are stored again.
 */
const IN_VIEW = "while pushing to view";
/** The driver's own message of a request time-out; it has no code. */
const DRIVER_TIMEOUT = "Timeout error.";

/**
 * Reads any thrown value of the driver.
 *
 * Looks at `.code` and text, never at `instanceof`: errors through chDB are of another copy of the class, and
 * those of old servers or proxies have no code at all.
 */
export function readFailure(error: unknown, secrets: readonly string[] = []): Failure {
  const text = errorMessage(error);
  const message = redactText(text.replaceAll(/\s+/g, " ").trim(), { secrets });
  const serverCode = serverCodeOf(error, text);
  if (serverCode !== undefined) {
    const rowNumber = rowNumberIn(text);
    const kind = classOfServerCode(serverCode, rowNumber !== undefined);
    const behindTable = text.includes(IN_VIEW);
    return {
      // Rows sent again one by one would be there twice.
      kind: behindTable && kind === "row" ? "rejected" : kind,
      serverCode,
      code: `CLICKHOUSE_${serverCode}`,
      message,
      outcomeUnknown: behindTable || leavesOutcomeUnknown(serverCode),
      unreachable: false,
      rowNumber,
      slow: isSlowServerCode(serverCode),
    };
  }
  const system = errorCode(error);
  const connecting = (error as { syscall?: unknown } | null)?.syscall === "connect";
  const code = system ?? (text.includes(DRIVER_TIMEOUT) ? "ETIMEDOUT" : "NO_ANSWER");
  return {
    kind: system !== undefined && isTlsCode(system) ? "configuration" : "transient",
    serverCode: undefined,
    code,
    message,
    outcomeUnknown: !connecting && !NEVER_SENT.has(code) && !isTlsCode(code),
    unreachable: true,
    rowNumber: undefined,
    slow: false,
  };
}

/** The error a caller gets for a failure. */
export function errorOf(failure: Failure, what: string): ClickHouseStorageError {
  const misspelt = failure.serverCode !== undefined && isStatementCode(failure.serverCode);
  const kind = misspelt ? "rejected" : failure.kind;
  const code = failure.code === "ABORTED" ? "CLICKHOUSE_ABORTED" : CODE_OF[kind];
  return new ClickHouseStorageError(code, `${what}: ${failure.message}`, {
    retryable: kind === "transient" || kind === "configuration",
    ...(failure.serverCode !== undefined && { serverCode: failure.serverCode }),
  });
}

const CODE_OF: Readonly<Record<FailureClass, ClickHouseStorageErrorCode>> = {
  transient: "CLICKHOUSE_UNAVAILABLE",
  configuration: "CLICKHOUSE_MISCONFIGURED",
  row: "CLICKHOUSE_REJECTED",
  rejected: "CLICKHOUSE_REJECTED",
};

function serverCodeOf(error: unknown, text: string): number | undefined {
  const code = errorCode(error);
  const digits = code !== undefined && /^\d+$/.test(code) ? code : CODE_IN_TEXT.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function rowNumberIn(text: string): number | undefined {
  const digits = ROW_IN_TEXT.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
