import { errorCode, type DeadLetter, type DeadLetterReason } from "@chimera/dlq";
import type { Codec } from "./codec.ts";
import type { QueueError } from "./errors.ts";
import type { Delivery, DeliveryError, QueueBackend, Settlement, SettleResult } from "./protocol.ts";
import { userHeaders } from "./reserved-headers.ts";
import { letterOf } from "./worker/letters.ts";

/** How a received job came out of the codec and the schema. */
export type DecodedPayload<Out> = { readonly payload: Out } | { readonly invalid: QueueError };

/** What a received job needs of its queue. */
export interface ReceivedJobSource {
  readonly backend: QueueBackend;
  readonly codec: Codec;
  readonly now: () => number;
}

/**
 * A delivery for people who bring their own loop. It is theirs for the lease: they extend it, and settle it once.
 *
 * `done`, `retry`, `release` and `dead` answer `"ok"`, or `"stale"` when another consumer may have the job and nothing was changed.
 * @throws QueueError `BACKEND_UNAVAILABLE` (retryable) from each of them: the outcome is unknown, call again.
 * @remarks One round trip each.
 */
export class ReceivedJob<Out> {
  readonly delivery: Delivery;
  readonly #decoded: DecodedPayload<Out>;
  readonly #source: ReceivedJobSource;

  constructor(delivery: Delivery, decoded: DecodedPayload<Out>, source: ReceivedJobSource) {
    this.delivery = delivery;
    this.#decoded = decoded;
    this.#source = source;
  }

  get id(): string {
    return this.delivery.job.id;
  }

  /** @throws QueueError `QUEUE_PAYLOAD_INVALID` when `invalid` is set. */
  get payload(): Out {
    if ("invalid" in this.#decoded) throw this.#decoded.invalid;
    return this.#decoded.payload;
  }

  /** Why there is no payload: such a job belongs to the dead letters. */
  get invalid(): QueueError | undefined {
    return "invalid" in this.#decoded ? this.#decoded.invalid : undefined;
  }

  get deliveryCount(): number {
    return this.delivery.deliveryCount;
  }

  get failures(): number {
    return this.delivery.failures;
  }

  get errors(): readonly DeliveryError[] {
    return this.delivery.errors;
  }

  get fence(): number {
    return this.delivery.fence;
  }

  get headers(): Readonly<Record<string, string>> {
    return userHeaders(this.delivery.job.headers);
  }

  /** Milliseconds since the epoch on the backend's clock. */
  get enqueuedAt(): number {
    return this.delivery.enqueuedAt;
  }

  async done(): Promise<"ok" | "stale"> {
    return this.#settle({ receipt: this.delivery.receipt, outcome: "done" });
  }

  /**
   * Delivers the job again after `delayMs` (0 to 31_536_000_000). Counts as a failure unless `counts` is false.
   *
   * @param options.error - what went wrong, kept with the job. Redact it first.
   * @throws QueueError `QUEUE_INVALID` when the delay is no such integer; the job stays in flight.
   */
  async retry(
    delayMs: number,
    options: { readonly error?: string; readonly counts?: boolean } = {},
  ): Promise<"ok" | "stale"> {
    return this.#settle({ receipt: this.delivery.receipt, outcome: "retry", delayMs, ...options });
  }

  /** Hands the job back unrun, to the head of its queue; the delivery is not counted. */
  async release(): Promise<"ok" | "stale"> {
    return this.#settle({ receipt: this.delivery.receipt, outcome: "release" });
  }

  /** Forgets the job. Call it only after its letter (`toDeadLetter`) was stored. */
  async dead(): Promise<"ok" | "stale"> {
    return this.#settle({ receipt: this.delivery.receipt, outcome: "dead" });
  }

  /** Moves the end of the lease to `leaseMs` (100 to 86_400_000) from now. */
  async extend(leaseMs: number): Promise<"ok" | "stale"> {
    const [result] = await this.#source.backend.extend([this.delivery.receipt], leaseMs);
    return known(result);
  }

  /** The letter of this job: store it, then call `dead`. The message must not carry a secret. */
  toDeadLetter(
    reason: DeadLetterReason,
    error: { readonly message: string; readonly code?: string },
  ): DeadLetter {
    const { backend, codec, now } = this.#source;
    const givenUp = { reason, message: error.message, code: errorCode(error), ran: reason === "exhausted" };
    return letterOf(backend.name, this.delivery, givenUp, codec.encoding, now());
  }

  async #settle(settlement: Settlement): Promise<"ok" | "stale"> {
    const [result] = await this.#source.backend.settle([settlement]);
    return known(result);
  }
}

function known(result: SettleResult | undefined): "ok" | "stale" {
  if (result === "ok" || result === "stale") return result;
  throw result?.error;
}
