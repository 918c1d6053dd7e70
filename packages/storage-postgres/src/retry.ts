import type { Logger } from "@chimera/dlq";
import { backoffDelayMs, errorMessage, sleep } from "@chimera/dlq";
import type { Credentials } from "./credentials.ts";
import { Failure } from "./failure.ts";
import type { Limits } from "./failure.ts";
import type { ResolvedOptions } from "./options.ts";
import { reportFailure } from "./report-failure.ts";
import type { FailureClass } from "./sqlstate.ts";
import { sqlStateOf } from "./sqlstate.ts";

/** Repetitions so far, by the class of failure that led to them. */
export type RetryCounts = Readonly<Record<Exclude<FailureClass, "permanent">, number>>;

/** How one call is repeated. */
export interface RetryCall {
  readonly limits: Limits;
  /** Whether the effect of a second run on top of the first is the effect of one. */
  readonly idempotent: boolean;
  readonly maxAttempts?: number | undefined;
}

/**
 * Decides whether a failed step is run again, and when: where its failure proves that this is safe.
 *
 * Never sent, rolled back, failed over: always. Outcome unknown: only when idempotent. All else: never.
 */
export class Retrier {
  readonly #options: ResolvedOptions;
  readonly #credentials: Credentials;
  readonly #logger: Logger;
  readonly #counts = { "never-sent": 0, "rolled-back": 0, failover: 0, unknown: 0 };

  constructor(options: ResolvedOptions, credentials: Credentials) {
    this.#options = options;
    this.#credentials = credentials;
    this.#logger = options.logger;
  }

  get counts(): RetryCounts {
    return { ...this.#counts };
  }

  /** What the caller gets of a failed step that is not tried again. */
  report(error: unknown, { idempotent, limits }: RetryCall, attempts = 1): unknown {
    if (!(error instanceof Failure)) return error;
    return reportFailure(error, {
      attempts,
      idempotent,
      signal: limits.signal,
      credentials: this.#credentials,
    });
  }

  /**
   * Resolves when it is time for the next try.
   *
   * @throws what the caller gets when there is none.
   */
  async waitForNext(error: unknown, attempts: number, call: RetryCall): Promise<void> {
    if (!(error instanceof Failure)) throw error;
    const { kind, interruption, driverError } = error;
    const { retry, clock, random } = this.#options;
    const delayMs = backoffDelayMs(attempts, retry, random);
    if (
      interruption !== undefined ||
      kind === "permanent" ||
      (error.isOpen && !call.idempotent) ||
      attempts >= (call.maxAttempts ?? retry.maxAttempts) ||
      clock.monotonic() + delayMs >= call.limits.deadlineAt
    )
      throw this.report(error, call, attempts);
    this.#counts[kind]++;
    this.#logger.info("postgres.retrying", {
      failure: kind,
      attempts,
      delayMs,
      sqlState: sqlStateOf(driverError),
      message: this.#credentials.redact(errorMessage(driverError)),
    });
    await sleep(clock, delayMs, call.limits.signal);
  }
}
