import type { DeadLetter, DeadLetterReason, PayloadEncoding } from "@chimera/dlq";
import type { Delivery } from "../protocol.ts";
import { integerHeader, REPLAYS_HEADER } from "../reserved-headers.ts";

/** Why a delivery is given up. */
export interface GivenUp {
  readonly reason: DeadLetterReason;
  readonly code?: string | undefined;
  /** Redacted, at most 1 KiB. */
  readonly message: string;
  /** Whether the attempt ran and failed: it is then one of the letter's `attempts`. */
  readonly ran: boolean;
}

/** As reports, letters and replays name a queue. */
export function queueAddress(queue: string): string {
  return `queue:${queue}`;
}

/**
 * The dead letter of a delivery. Its id is (queue, job id, moment of the enqueue), so that giving the same job up twice
 * makes one letter.
 *
 * @param nowMs - milliseconds since the epoch
 */
export function letterOf(
  queue: string,
  delivery: Delivery,
  givenUp: GivenUp,
  encoding: PayloadEncoding,
  nowMs: number,
): DeadLetter {
  const { job, enqueuedAt, fence } = delivery;
  const ts = new Date(nowMs).toISOString();
  const earlier = delivery.errors.map(({ at, message }) => ({ ts: new Date(at).toISOString(), message }));
  const last = { ts, ...(givenUp.code !== undefined && { code: givenUp.code }), message: givenUp.message };
  return {
    v: 1,
    id: `${queueAddress(queue)}:${job.id}:${enqueuedAt}`,
    ts,
    source: queueAddress(queue),
    target: queueAddress(queue),
    reason: givenUp.reason,
    ...(givenUp.code !== undefined && { code: givenUp.code }),
    message: givenUp.message,
    attempts: delivery.failures + (givenUp.ran ? 1 : 0),
    errors: (givenUp.ran ? [...earlier, last] : earlier).slice(-5),
    firstTs: new Date(enqueuedAt).toISOString(),
    fence,
    ...(Object.keys(job.headers).length > 0 && { headers: job.headers }),
    replays: integerHeader(job.headers, REPLAYS_HEADER) ?? 0,
    encoding: encoding === "json" && !isJson(job.body) ? "text" : encoding,
    payload: job.body,
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
