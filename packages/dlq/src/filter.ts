import { DEAD_LETTER_REASONS, type DeadLetterEnvelope, type DeadLetterState } from "./dead-letter.ts";
import type { DeadLetterFilter } from "./dead-letter-store.ts";
import { DlqError } from "./errors.ts";
import { choiceIssue, issuesOf } from "./foundation/options.ts";

const STATES: readonly string[] = ["dead", "replayed", "any"];

/** Whether a letter in a state is meant. */
export type DeadLetterMatcher = (envelope: DeadLetterEnvelope, state: DeadLetterState) => boolean;

/**
 * Makes a function that says whether a letter matches; each call costs a few comparisons and one look-up.
 *
 * @throws DlqError `DLQ_INVALID` with every `issue` of a filter that cannot be understood: a filter that was
 * misread could purge what was not meant.
 */
export function compileFilter(filter: DeadLetterFilter = {}): DeadLetterMatcher {
  const { state, ids, reasons, codes, source, target, since, until } = resolveFilter(filter);
  return (letter, letterState) =>
    (state === "any" || state === letterState) &&
    (ids === undefined || ids.has(letter.id)) &&
    (reasons === undefined || reasons.has(letter.reason)) &&
    (codes === undefined || (letter.code !== undefined && codes.has(letter.code))) &&
    (source === undefined || source === letter.source) &&
    (target === undefined || target === letter.target) &&
    (since === undefined || letter.ts >= since) &&
    (until === undefined || letter.ts < until);
}

/** A filter that was checked, its lists as sets and its moments in the form that records use. */
export interface ResolvedFilter {
  readonly state: DeadLetterState | "any";
  readonly ids: ReadonlySet<string> | undefined;
  readonly reasons: ReadonlySet<string> | undefined;
  readonly codes: ReadonlySet<string> | undefined;
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly since: string | undefined;
  readonly until: string | undefined;
}

/** Checks a filter and brings it into the form in which letters are compared. @throws DlqError `DLQ_INVALID`. */
export function resolveFilter(filter: DeadLetterFilter): ResolvedFilter {
  const { state = "dead", ids, reasons, codes, source, target, since, until } = filter;
  const issues = issuesOf(
    choiceIssue("state", state, STATES),
    ...(reasons ?? []).map((reason) => choiceIssue("reasons", reason, DEAD_LETTER_REASONS)),
    momentIssue("since", since),
    momentIssue("until", until),
  );
  if (issues.length > 0) throw new DlqError("DLQ_INVALID", issues.join("; "), { issues });
  return {
    state,
    ids: ids && new Set(ids),
    reasons: reasons && new Set(reasons),
    codes: codes && new Set(codes),
    source,
    target,
    since: since === undefined ? undefined : new Date(since).toISOString(),
    until: until === undefined ? undefined : new Date(until).toISOString(),
  };
}

function momentIssue(name: string, value: string | undefined): string | undefined {
  return value === undefined || !Number.isNaN(Date.parse(value))
    ? undefined
    : `Expected \`${name}\` to be a moment in ISO 8601, got \`${value.slice(0, 40)}\``;
}
