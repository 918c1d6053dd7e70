import { choiceIssue, integerIssue, issuesOf } from "@chimera/dlq";
import { MAX_DURATION_MS } from "./contract-checks.ts";
import { JOB_ID_PATTERN } from "./job-id.ts";
import type { NewJob } from "./protocol.ts";
import { resolveBackoff, throwIssues, type EnqueueOptions } from "./queue-options.ts";
import {
  BACKOFF_HEADER,
  backoffHeader,
  MAX_ATTEMPTS_HEADER,
  MAX_DELIVERIES_HEADER,
  refuseReserved,
} from "./reserved-headers.ts";

/** What of the options goes to the backend as it is. */
type PassedOn = "delayMs" | "priority" | "dedupKey" | "dedupTtlMs" | "maxDeliveries" | "expiresInMs";
const PASSED_ON: readonly PassedOn[] = [
  "delayMs",
  "priority",
  "dedupKey",
  "dedupTtlMs",
  "maxDeliveries",
  "expiresInMs",
];

/**
 * The job of a body and its options.
 *
 * @param reserved - headers of Chimera's own, such as the type of a typed job.
 * @throws QueueError `QUEUE_INVALID` with every issue.
 */
export function newJob(
  id: string,
  body: string,
  options: EnqueueOptions,
  reserved: Readonly<Record<string, string>> = {},
): NewJob {
  throwIssues(optionIssues(id, options));
  const job: { -readonly [Key in keyof NewJob]: NewJob[Key] } = { id, body };
  for (const name of PASSED_ON) {
    if (options[name] !== undefined) Object.assign(job, { [name]: options[name] });
  }
  const headers = headersOf(options, reserved);
  if (headers !== undefined) job.headers = headers;
  return job;
}

function headersOf(
  { headers, maxAttempts, maxDeliveries, backoff }: EnqueueOptions,
  reserved: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  if (headers !== undefined) refuseReserved(headers);
  const all: Record<string, string> = { ...headers, ...reserved };
  if (maxAttempts !== undefined) all[MAX_ATTEMPTS_HEADER] = String(maxAttempts);
  if (maxDeliveries !== undefined) all[MAX_DELIVERIES_HEADER] = String(maxDeliveries);
  if (backoff !== undefined) all[BACKOFF_HEADER] = backoffHeader(resolveBackoff(backoff, "backoff."));
  return Object.keys(all).length === 0 ? undefined : all;
}

function optionIssues(id: string, options: EnqueueOptions): string[] {
  const { delayMs, dedupKey, dedupTtlMs, maxAttempts, maxDeliveries, expiresInMs, priority } = options;
  return issuesOf(
    JOB_ID_PATTERN.test(id)
      ? undefined
      : "Expected `id` to be 1 to 128 characters of letters, digits, `.`, `_`, `:`, `-`",
    optionalIssue("delayMs", delayMs, 0, MAX_DURATION_MS),
    priority === undefined ? undefined : choiceIssue("priority", priority, ["high", "normal", "low"]),
    dedupKey === undefined || (dedupKey.length > 0 && dedupKey.length <= 256)
      ? undefined
      : `Expected \`dedupKey\` to be 1 to 256 characters, got ${dedupKey.length}`,
    optionalIssue("dedupTtlMs", dedupTtlMs, 1, MAX_DURATION_MS),
    dedupTtlMs !== undefined && dedupKey === undefined
      ? "Expected `dedupTtlMs` only beside a `dedupKey`"
      : undefined,
    optionalIssue("maxAttempts", maxAttempts, 1, 1_000),
    optionalIssue("maxDeliveries", maxDeliveries, 1, 1_000),
    optionalIssue("expiresInMs", expiresInMs, 1, MAX_DURATION_MS),
  );
}

function optionalIssue(
  name: string,
  value: number | undefined,
  min: number,
  max: number,
): string | undefined {
  return value === undefined ? undefined : integerIssue(name, value, { min, max });
}
