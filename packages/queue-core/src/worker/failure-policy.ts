import { backoffDelayMs, type BackoffOptions, type DeadLetterReason } from "@chimera/dlq";
import { MAX_DURATION_MS } from "../contract-checks.ts";
import type { RetryAfter } from "../job-signals.ts";
import type { Delivery } from "../protocol.ts";
import { backoffOf, integerHeader, MAX_ATTEMPTS_HEADER, MAX_DELIVERIES_HEADER } from "../reserved-headers.ts";
import { readThrown } from "./thrown.ts";

/** The protocol's default of `maxDeliveries`. */
const DEFAULT_MAX_DELIVERIES = 20;

/** What is to become of a job whose attempt failed. */
export type FailureDecision =
  /** Settle `retry`. */
  | { readonly kind: "retry"; readonly delayMs: number; readonly counts: boolean; readonly message: string }
  /** Keep the lease for `delayMs`, then settle `release`, which does not use up a delivery. */
  | { readonly kind: "park"; readonly delayMs: number; readonly message: string }
  | {
      readonly kind: "dead";
      readonly reason: DeadLetterReason;
      readonly code: string | undefined;
      readonly message: string;
    };

/** What the decision depends on beside the job and the error. */
export interface FailurePolicyOptions {
  readonly maxAttempts: number;
  readonly backoff: Required<BackoffOptions>;
  readonly random: () => number;
}

/**
 * Decides over one failed attempt. Pure but for `random`.
 *
 * A failure of the surroundings (`retryable: true`) never counts. Its waits grow with the deliveries that were not
 * failures; once these have used up half of `maxDeliveries`, the job is parked instead of retried, so that no outage,
 * however long, makes a job look as if it killed its process.
 */
export function decideFailure(
  error: unknown,
  delivery: Delivery,
  options: FailurePolicyOptions,
): FailureDecision {
  const { headers } = delivery.job;
  const { code, message, retryable } = readThrown(error);
  const backoff = backoffOf(headers) ?? options.backoff;
  if (code === "JOB_UNRECOVERABLE") return { kind: "dead", reason: "unrecoverable", code, message };

  const asked = code === "JOB_RETRY_AFTER" ? (error as RetryAfter) : undefined;
  const counts = asked === undefined ? !retryable : asked.counts;
  if (!counts) {
    const unfailed = Math.max(1, delivery.deliveryCount - delivery.failures);
    const delayMs = delayFor(asked?.delayMs ?? backoffDelayMs(unfailed, backoff, options.random));
    const maxDeliveries = integerHeader(headers, MAX_DELIVERIES_HEADER) ?? DEFAULT_MAX_DELIVERIES;
    return delivery.deliveryCount * 2 > maxDeliveries
      ? { kind: "park", delayMs, message }
      : { kind: "retry", delayMs, counts, message };
  }

  const failures = delivery.failures + 1;
  if (failures >= attemptsAllowed(delivery, options.maxAttempts)) {
    return { kind: "dead", reason: "exhausted", code, message };
  }
  return {
    kind: "retry",
    delayMs: delayFor(asked?.delayMs ?? backoffDelayMs(failures, backoff, options.random)),
    counts,
    message,
  };
}

/** A delay that a backend takes: another would be refused together with the settlements beside it. */
function delayFor(delayMs: number): number {
  return Math.round(Math.min(MAX_DURATION_MS, Math.max(0, delayMs))) || 0;
}

/** Whether a handler said by its error what is to become of the job. */
export function isJobSignal(error: unknown): boolean {
  const { code } = readThrown(error);
  return code === "JOB_UNRECOVERABLE" || code === "JOB_RETRY_AFTER";
}

/** The job's own `maxAttempts`, else the worker's. */
export function attemptsAllowed(delivery: Delivery, maxAttempts: number): number {
  return integerHeader(delivery.job.headers, MAX_ATTEMPTS_HEADER) ?? maxAttempts;
}
