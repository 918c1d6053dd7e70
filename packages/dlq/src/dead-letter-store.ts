import type { DeadLetter, DeadLetterEnvelope, DeadLetterReason, DeadLetterState } from "./dead-letter.ts";
import type { ReplayCheckpoint } from "./replay/checkpoint.ts";

/** Which letters are meant. Every condition given must hold; none given means all dead letters. */
export interface DeadLetterFilter {
  /** @defaultValue "dead" */
  readonly state?: DeadLetterState | "any";
  readonly ids?: readonly string[];
  readonly reasons?: readonly DeadLetterReason[];
  readonly codes?: readonly string[];
  readonly source?: string;
  readonly target?: string;
  /** Given up at this moment or later, ISO 8601. */
  readonly since?: string;
  /** Given up before this moment, ISO 8601. */
  readonly until?: string;
}

/** A letter as a store lists it. */
export interface StoredDeadLetter {
  readonly letter: DeadLetter;
  readonly state: DeadLetterState;
}

/** Counts over the letters that match a filter. */
export interface DeadLetterStats {
  /** Letters that match. */
  readonly count: number;
  /** Bytes they take in the store, payloads included. */
  readonly bytes: number;
  readonly byReason: Readonly<Partial<Record<DeadLetterReason, number>>>;
  readonly bySource: Readonly<Record<string, number>>;
  /** `ts` of the oldest and newest that match. */
  readonly oldestTs?: string;
  readonly newestTs?: string;
  /** Lines or rows that could not be read and were passed over. */
  readonly unreadable: number;
}

/** A hold on a store that keeps other replays and purges out. */
export interface DeadLetterLock {
  /** Aborts when the hold was lost, such as after the process had stood still: stop at once. */
  readonly signal: AbortSignal;
  /** Gives it back. Idempotent. */
  release(): Promise<void>;
}

/**
 * Keeps dead letters until a person, or a replay on their behalf, has dealt with them.
 *
 * All calls are safe side by side, also from several processes where the store can be shared.
 * @throws DlqError from every call; after `close` with code `DLQ_CLOSED`.
 */
export interface DeadLetterStore {
  /**
   * Stores letters; resolves only when they would survive the end of this process, and of this machine where
   * the store says so. A letter whose id is there already replaces it, and is dead again.
   * On failure nothing that was stored before is hurt, and some of the given letters may be stored: append again.
   */
  append(letters: readonly DeadLetter[]): Promise<void>;
  /** Takes letters back, as if they had never been appended. Unknown ids are passed over. Durable like `append`. */
  withdraw(ids: readonly string[]): Promise<void>;
  /** Letters in the order in which they were last appended, read as a stream in constant memory. */
  list(
    filter?: DeadLetterFilter,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<StoredDeadLetter>;
  /** Notes that letters were sent back and taken. Only for the version of a letter that was listed. Durable like `append`. */
  markReplayed(letters: readonly Pick<DeadLetterEnvelope, "id" | "ts">[]): Promise<void>;
  /** Removes matching letters for good and answers how many. */
  purge(filter: DeadLetterFilter): Promise<number>;
  /** Counts matching letters without parsing payloads. */
  stats(filter?: DeadLetterFilter): Promise<DeadLetterStats>;
  /**
   * Keeps other replays and purges out until it is released, its holder has died, or has stood still for too long.
   * A replay holds it from before its first list until nothing of it is under way any more.
   * A store may lack it: then only the target's deduplication keeps two replays from doubling. A view that shares a
   * store among replays keeps nobody out, and learns by the release what it may give back to the others.
   * @throws DlqError `DLQ_LOCKED` (retryable) when another holds it, after waiting as long as a dead holder's hold lasts.
   */
  lock?(options?: { readonly signal?: AbortSignal }): Promise<DeadLetterLock>;
  /** Where a replay of this store notes how far it is, where the store has such a place. */
  readonly checkpoint?: ReplayCheckpoint;
  /** Proves that the store could take a letter now; rejects when it could not. */
  ping(): Promise<void>;
  /** Waits for what is under way, at most `deadlineMs` (default 10_000), then releases everything. Idempotent. */
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
