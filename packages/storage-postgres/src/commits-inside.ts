/** What may stand before the first word: blanks and comments. */
const LEADING = /^(?:\s+|--[^\n]*\n?|\/\*[^]*?\*\/)+/;
/** CALL and DO can commit in their middle; several statements in one text can hold a COMMIT. */
const MAY_COMMIT = /^(?:call|do)\b|;\s*(?:commit|end|call|do|prepare\s+transaction)\b/i;

/**
 * Whether a text may have committed a part of its effect before it failed. Then the server's word that it rolled
 * back holds for the rest alone, and a repetition could double that part. Errs towards yes.
 */
export function mayCommitInside(text: string): boolean {
  return MAY_COMMIT.test(text.replace(LEADING, ""));
}
