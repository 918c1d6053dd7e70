import { CodedError, integerIssue } from "@chimera/dlq";
import { MAX_DURATION_MS } from "./contract-checks.ts";
import { QueueError } from "./errors.ts";

/** Codes by which a worker knows what a handler wants, whichever copy of the class threw. */
export type JobSignalCode = "JOB_UNRECOVERABLE" | "JOB_RETRY_AFTER";

/** Thrown by a handler: no further try can help, the job goes straight to the dead letters as `unrecoverable`. */
export class Unrecoverable extends CodedError<JobSignalCode> {
  override readonly name = "Unrecoverable";

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super("JOB_UNRECOVERABLE", message, options);
  }
}

/** Thrown by a handler: try again after exactly this long, instead of the backoff. */
export class RetryAfter extends CodedError<JobSignalCode> {
  override readonly name = "RetryAfter";
  readonly delayMs: number;
  /** Whether the try counts against `maxAttempts`. */
  readonly counts: boolean;

  /**
   * @param delayMs - 0 to 31_536_000_000 (a year)
   * @param options.counts - `false` when nothing is wrong with the job, such as a limit of the other side. @defaultValue true
   */
  constructor(
    delayMs: number,
    options: { readonly counts?: boolean; readonly message?: string; readonly cause?: unknown } = {},
  ) {
    const issue = integerIssue("delayMs", delayMs, { min: 0, max: MAX_DURATION_MS });
    if (issue !== undefined) throw new QueueError("QUEUE_INVALID", issue);
    super("JOB_RETRY_AFTER", options.message ?? `Asked to be tried again after ${delayMs} ms`, {
      cause: options.cause,
    });
    this.delayMs = delayMs;
    this.counts = options.counts ?? true;
  }
}
