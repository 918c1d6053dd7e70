import type { BackoffOptions } from "@chimera/dlq";
import { QueueError } from "./errors.ts";

/**
 * Headers that start with this belong to Chimera: they carry what a worker must know of a single job,
 * and are neither taken from a producer nor shown to a handler.
 */
const RESERVED_PREFIX = "chimera-";

export const MAX_ATTEMPTS_HEADER = "chimera-max-attempts";
export const MAX_DELIVERIES_HEADER = "chimera-max-deliveries";
export const BACKOFF_HEADER = "chimera-backoff";
export const REPLAYS_HEADER = "chimera-replays";

type Headers = Readonly<Record<string, string>>;

const NO_HEADERS: Headers = Object.freeze({});

/** @throws QueueError `QUEUE_INVALID` naming the header. */
export function refuseReserved(headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(RESERVED_PREFIX)) {
      throw new QueueError(
        "QUEUE_INVALID",
        `Expected no header to start with "${RESERVED_PREFIX}", got \`${name}\``,
      );
    }
    if (typeof value !== "string") {
      throw new QueueError(
        "QUEUE_INVALID",
        `Expected header \`${name}\` to be a string, got ${typeof value}`,
      );
    }
  }
}

/** The headers without the reserved ones; the same object when there are none. */
export function userHeaders(headers: Headers): Headers {
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  if (!names.some((name) => name.startsWith(RESERVED_PREFIX))) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(RESERVED_PREFIX)));
}

/** A whole number in a header, or `undefined` when it is absent or was written by somebody else. */
export function integerHeader(headers: Headers, name: string): number | undefined {
  const text = headers[name];
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** A job's own backoff as header text: base, factor, cap, jitter. */
export function backoffHeader(backoff: Required<BackoffOptions>): string {
  return [backoff.baseDelayMs, backoff.factor, backoff.maxDelayMs, backoff.jitter].join(" ");
}

/** A job's own backoff; `undefined` when it has none, or one that cannot be read. */
export function backoffOf(headers: Headers): Required<BackoffOptions> | undefined {
  const text = headers[BACKOFF_HEADER];
  if (text === undefined) return undefined;
  const [base, factor, max, jitter] = text.split(" ");
  const backoff = { baseDelayMs: Number(base), factor: Number(factor), maxDelayMs: Number(max) };
  if (!Object.values(backoff).every(Number.isFinite) || (jitter !== "full" && jitter !== "none"))
    return undefined;
  return { ...backoff, jitter };
}
