import type {
  DeadLetter,
  DeadLetterEnvelope,
  DeadLetterFilter,
  DeadLetterStats,
  DeadLetterStore,
  StoredDeadLetter,
} from "@chimera/dlq";
import { DlqError, integerIssue } from "@chimera/dlq";
import type { LetterRow } from "./row-codec.ts";

/** Options of a replay that shares its work with others. */
export interface SharedReplayOptions {
  /** Milliseconds on the server's clock for which listed letters belong to this view, 1_000 to 86_400_000. @defaultValue 300_000 */
  readonly leaseMs?: number;
  /** Letters taken at once, 1 to 1_000: they should be dealt with well within `leaseMs`. @defaultValue 50 */
  readonly batch?: number;
}

/** What a view needs of its store. */
export interface ClaimSource {
  lastSeq(): Promise<string>;
  claim(
    filter: DeadLetterFilter,
    after: string,
    lastSeq: string,
    limit: number,
    leaseMs: number,
  ): Promise<LetterRow[]>;
  read(row: LetterRow): Iterable<StoredDeadLetter>;
}

/**
 * A store of dead letters as one of several replays sees it: no two of them list a letter at the same time. A letter
 * whose time is over before it was marked may be listed to another; the target's deduplication is the last word.
 */
export class SharedReplay implements DeadLetterStore {
  readonly #store: DeadLetterStore;
  readonly #source: ClaimSource;
  readonly #leaseMs: number;
  readonly #batch: number;

  /** @throws DlqError `DLQ_INVALID` */
  constructor(store: DeadLetterStore, source: ClaimSource, options: SharedReplayOptions) {
    const { leaseMs = 300_000, batch = 50 } = options;
    const issue =
      integerIssue("leaseMs", leaseMs, { min: 1_000, max: 86_400_000 }) ??
      integerIssue("batch", batch, { min: 1, max: 1_000 });
    if (issue !== undefined) throw new DlqError("DLQ_INVALID", issue, { issues: [issue] });
    this.#store = store;
    this.#source = source;
    this.#leaseMs = leaseMs;
    this.#batch = batch;
  }

  async *list(
    filter: DeadLetterFilter = {},
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<StoredDeadLetter, void, undefined> {
    const lastSeq = await this.#source.lastSeq();
    for (let after = "0"; ;) {
      signal?.throwIfAborted();
      const rows = await this.#source.claim(filter, after, lastSeq, this.#batch, this.#leaseMs);
      for (const row of rows) {
        signal?.throwIfAborted();
        after = row.seq;
        yield* this.#source.read(row);
      }
      if (rows.length < this.#batch) return;
    }
  }

  async append(letters: readonly DeadLetter[]): Promise<void> {
    await this.#store.append(letters);
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    await this.#store.withdraw(ids);
  }

  async markReplayed(letters: readonly Pick<DeadLetterEnvelope, "id" | "ts">[]): Promise<void> {
    await this.#store.markReplayed(letters);
  }

  async purge(filter: DeadLetterFilter): Promise<number> {
    return this.#store.purge(filter);
  }

  async stats(filter?: DeadLetterFilter): Promise<DeadLetterStats> {
    return this.#store.stats(filter);
  }

  async ping(): Promise<void> {
    await this.#store.ping();
  }

  /** Leaves the store open for others. */
  async close(): Promise<void> {
    await Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
