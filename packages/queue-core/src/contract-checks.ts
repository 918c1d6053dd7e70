import { choiceIssue, integerIssue, issuesOf, numberIssue } from "@chimera/dlq";
import { QueueError } from "./errors.ts";
import { MAX_BATCH, type DequeueRequest, type Settlement } from "./protocol.ts";

/** A year: the longest delay that a backend takes, in milliseconds. */
export const MAX_DURATION_MS = 31_536_000_000;
/** The longest lease, a day, in milliseconds. */
const MAX_LEASE_MS = 86_400_000;
/** The longest wait of one dequeue, in milliseconds. */
const MAX_WAIT_MS = 60_000;
/** Characters that a remembered error keeps. */
const MAX_ERROR_LENGTH = 1_024;

const OUTCOMES: readonly Settlement["outcome"][] = ["done", "retry", "release", "dead"];

const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/**
 * Refuses a name that is not 1 to 100 characters of `[A-Za-z0-9._-]`. Part of what every backend refuses, written
 * once so that two backends cannot disagree on it.
 *
 * @throws QueueError `QUEUE_INVALID`
 */
export function assertQueueName(name: string): void {
  if (!NAME.test(name)) refuse(["Expected `name` to be 1 to 100 characters of `[A-Za-z0-9._-]`"]);
}

/**
 * Refuses a request outside the ranges of {@link DequeueRequest}, before anything was handed out.
 *
 * @throws QueueError `QUEUE_INVALID` with every issue.
 */
export function assertDequeueRequest({ max, leaseMs, waitMs = 0 }: DequeueRequest): void {
  // Two comparisons a field on the way of every fetch; the words are only made for a bad one.
  if (isWithin(max, 1, MAX_BATCH) && isLease(leaseMs) && isWithin(waitMs, 0, MAX_WAIT_MS)) return;
  refuse(
    issuesOf(
      integerIssue("max", max, { min: 1, max: MAX_BATCH }),
      leaseIssue(leaseMs),
      integerIssue("waitMs", waitMs, { min: 0, max: MAX_WAIT_MS }),
    ),
  );
}

/**
 * Refuses a lease that is not 100 to 86_400_000 ms.
 *
 * @throws QueueError `QUEUE_INVALID`
 */
export function assertLeaseMs(leaseMs: number): void {
  if (!isLease(leaseMs)) refuse(issuesOf(leaseIssue(leaseMs)));
}

/**
 * Refuses settlements outside the ranges of {@link Settlement}, before any of them was carried out: a delay that is
 * no number would be a place in time that no backend finds again.
 *
 * @throws QueueError `QUEUE_INVALID` with the issues of the first that is wrong.
 */
export function assertSettlements(settlements: readonly Settlement[]): void {
  for (const settlement of settlements) if (!isSettlement(settlement)) refuse(settlementIssues(settlement));
}

/** The first 1_024 characters of an error's text, never half of a surrogate pair. */
export function cutErrorText(text: string): string {
  if (text.length <= MAX_ERROR_LENGTH) return text;
  const last = text.charCodeAt(MAX_ERROR_LENGTH - 1);
  const splitsPair = last >= 0xd8_00 && last <= 0xdb_ff;
  return text.slice(0, splitsPair ? MAX_ERROR_LENGTH - 1 : MAX_ERROR_LENGTH);
}

function isSettlement(settlement: Settlement): boolean {
  const { outcome } = settlement;
  if (outcome === "retry") return isWithin(settlement.delayMs, 0, MAX_DURATION_MS);
  if (outcome !== "done") return OUTCOMES.includes(outcome);
  const { durationMs } = settlement;
  return durationMs === undefined || (durationMs >= 0 && durationMs < Infinity);
}

function settlementIssues(settlement: Settlement): string[] {
  const { outcome } = settlement;
  if (outcome === "retry")
    return issuesOf(integerIssue("delayMs", settlement.delayMs, { min: 0, max: MAX_DURATION_MS }));
  if (outcome === "done") return issuesOf(numberIssue("durationMs", settlement.durationMs, { min: 0 }));
  return issuesOf(choiceIssue("outcome", outcome, OUTCOMES));
}

function isLease(leaseMs: number): boolean {
  return isWithin(leaseMs, 100, MAX_LEASE_MS);
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function leaseIssue(leaseMs: number): string | undefined {
  return integerIssue("leaseMs", leaseMs, { min: 100, max: MAX_LEASE_MS });
}

function refuse(issues: readonly string[]): never {
  throw new QueueError("QUEUE_INVALID", issues.join("; "), { issues });
}
