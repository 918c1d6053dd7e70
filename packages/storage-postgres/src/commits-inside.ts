import { Failure } from "./failure.ts";
import type { Statement } from "./pooled-client.ts";

/** One that is not closed goes on to the end, so that no text takes longer than one look. */
const COMMENTS = /--[^\n]*|\/\*[^]*?(?:\*\/|$)/g;
/** CALL and DO can commit in their middle; several statements in one text can hold a COMMIT. */
const MAY_COMMIT = /^\s*(?:call|do)\b|;\s*(?:commit|end|call|do|prepare\s+transaction)\b/i;

/**
 * Whether a text may have committed a part of its effect before it failed. Then the server's word that it rolled
 * back holds for the rest alone, and a repetition could double that part. Errs towards yes.
 */
export function mayCommitInside(text: string): boolean {
  // Also as it stands: what looks like a comment may begin inside of quotes.
  return MAY_COMMIT.test(text) || MAY_COMMIT.test(text.replaceAll(COMMENTS, " "));
}

/** Takes back the certainty that nothing happened where a part may have been committed before the failure. */
export function withDoubt<Thrown>(error: Thrown, { text }: Statement): Thrown | Failure {
  const isCertain = error instanceof Failure && (error.kind === "rolled-back" || error.kind === "failover");
  return isCertain && mayCommitInside(text)
    ? new Failure("unknown", error.driverError, error.interruption)
    : error;
}
