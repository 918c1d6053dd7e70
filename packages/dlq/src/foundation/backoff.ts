import { choiceIssue, issuesOf, numberIssue } from "./options.ts";

/** How long to wait between tries. */
export interface BackoffOptions {
  /** Milliseconds before the second try, >= 0. @defaultValue 100 */
  readonly baseDelayMs?: number;
  /** What each delay is multiplied by for the next, >= 1. @defaultValue 2 */
  readonly factor?: number;
  /** Milliseconds that no delay exceeds, >= 0. @defaultValue 30_000 */
  readonly maxDelayMs?: number;
  /** `full` spreads each delay evenly over 0 to its value; `none` gives the plain series. @defaultValue "full" */
  readonly jitter?: "full" | "none";
}

/** The plain series is 100, 200, 400, … ms. */
export const DEFAULT_BACKOFF: Required<BackoffOptions> = Object.freeze({
  baseDelayMs: 100,
  factor: 2,
  maxDelayMs: 30_000,
  jitter: "full",
});

/**
 * Milliseconds to wait after the `failures`-th failure (1-based).
 *
 * `min(maxDelayMs, baseDelayMs * factor^(failures - 1))`, times `random()` under full jitter, which ends
 * synchronised retries soonest (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function backoffDelayMs(
  failures: number,
  options: BackoffOptions = {},
  random: () => number = Math.random,
): number {
  const { baseDelayMs, factor, maxDelayMs, jitter } = { ...DEFAULT_BACKOFF, ...options };
  const delayMs = Math.min(maxDelayMs, baseDelayMs * factor ** Math.max(0, failures - 1));
  return Math.round(jitter === "full" ? delayMs * random() : delayMs);
}

/** What is wrong with backoff options, each option named under `prefix`. */
export function backoffIssues(options: BackoffOptions, prefix = ""): string[] {
  const { baseDelayMs, factor, maxDelayMs, jitter } = { ...DEFAULT_BACKOFF, ...options };
  return issuesOf(
    numberIssue(`${prefix}baseDelayMs`, baseDelayMs, { min: 0 }),
    numberIssue(`${prefix}factor`, factor, { min: 1 }),
    numberIssue(`${prefix}maxDelayMs`, maxDelayMs, { min: 0 }),
    choiceIssue(`${prefix}jitter`, jitter, ["full", "none"]),
  );
}
