/** Why something will not be tried again by itself. */
export type DeadLetterReason =
  /** Every attempt that was allowed failed. */
  | "exhausted"
  /** The handler said that no further try can help. */
  | "unrecoverable"
  /** Handed out more often than allowed without an end: it probably kills its process. */
  | "poison"
  /** Could not be decoded, or did not match its schema. */
  | "invalid"
  /** The store it was meant for refused exactly this item. */
  | "rejected"
  /** The store it was meant for could not take it within its budget of time or tries. */
  | "undeliverable";

/** The reasons in the order in which tables show them. */
export const DEAD_LETTER_REASONS: readonly DeadLetterReason[] = [
  "exhausted",
  "unrecoverable",
  "poison",
  "invalid",
  "rejected",
  "undeliverable",
];

/**
 * How `payload` is to be read. `json`: it is JSON text, kept to the byte. `text`: any other text.
 * `base64`: bytes in base64 (RFC 4648, section 4).
 */
export type PayloadEncoding = "json" | "text" | "base64";

/** One failed try. */
export interface AttemptError {
  /** When it failed, ISO 8601 in UTC with milliseconds. */
  readonly ts: string;
  /** The error's stable code, when it had one. */
  readonly code?: string;
  /** Redacted, at most 1 KiB. */
  readonly message: string;
}

/**
 * A record of something that will not be tried again by itself, with all that is needed to send it back.
 *
 * The fields stand in this order in a file, the payload last, so that a reader can stop before it.
 */
export interface DeadLetter {
  /** Version of the record. */
  readonly v: 1;
  /** Identity. A later letter with the same id replaces the earlier one. 1 to 512 characters. */
  readonly id: string;
  /** When it was given up, ISO 8601 in UTC with milliseconds. */
  readonly ts: string;
  /** Where it failed, such as `queue:quakes`. */
  readonly source: string;
  /** Where a replay sends it, such as `queue:quakes` or `clickhouse:quakes`. */
  readonly target: string;
  readonly reason: DeadLetterReason;
  /** The last error's stable code, when it had one. */
  readonly code?: string;
  /** What went wrong last, in one redacted sentence of at most 1 KiB. */
  readonly message: string;
  /** Tries that ran and failed, >= 0. */
  readonly attempts: number;
  /** The last failed tries, oldest first, at most 5. */
  readonly errors: readonly AttemptError[];
  /** When the work was first handed in, ISO 8601 in UTC with milliseconds. */
  readonly firstTs: string;
  /** The fence of the delivery that gave up, where the source has fences. */
  readonly fence?: number;
  /** A deduplication token that a replay must send again unchanged. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How often it had been replayed before it failed again, >= 0. */
  readonly replays: number;
  readonly encoding: PayloadEncoding;
  /** What was to be done, exactly as it was handed in. */
  readonly payload: string;
}

/** A dead letter without its payload: what filters, counts and tables look at. */
export type DeadLetterEnvelope = Omit<DeadLetter, "payload">;

/** Where a letter stands: still dead, or sent back and taken. A withdrawn letter is gone. */
export type DeadLetterState = "dead" | "replayed";
