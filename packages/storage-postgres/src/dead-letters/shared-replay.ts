import type {
  DeadLetter,
  DeadLetterEnvelope,
  DeadLetterFilter,
  DeadLetterLock,
  DeadLetterStats,
  DeadLetterStore,
  StoredDeadLetter,
} from "@chimera/dlq";
import { DlqError, integerIssue } from "@chimera/dlq";
import type { Claim } from "./open-claims.ts";
import { OpenClaims } from "./open-claims.ts";
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
  createId(): string;
  lastSeq(): Promise<string>;
  claim(
    filter: DeadLetterFilter,
    after: string,
    lastSeq: string,
    limit: number,
    claim: { readonly claimedBy: string; readonly leaseMs: number },
  ): Promise<LetterRow[]>;
  /** Never rejects: what it could not give back comes free with its time. */
  giveBack(claims: readonly Claim[]): Promise<void>;
  read(row: LetterRow): Iterable<StoredDeadLetter>;
}

/**
 * A store of dead letters as one of several replays sees it: no two of them list a letter at the same time. A letter
 * whose time is over before it was marked may be listed to another; the target's deduplication is the last word.
 *
 * A replay that ends early, such as by its signal, gives back what it had claimed and not dealt with, once nothing of
 * it is under way any more: what it may have sent and not marked is sent again under the same `replayId`. The claims
 * of a process that was killed, or that the server could not be told of, run out with `leaseMs`.
 */
export class SharedReplay implements DeadLetterStore {
  readonly #store: DeadLetterStore;
  readonly #source: ClaimSource;
  readonly #leaseMs: number;
  readonly #batch: number;
  readonly #open = new OpenClaims();
  #holds = 0;

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

  /**
   * A loop that is left early gives back the letters that it was not handed. Those it was handed stay its own: until
   * {@link lock} is released, {@link close}, or the end of their time.
   */
  async *list(
    filter: DeadLetterFilter = {},
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<StoredDeadLetter, void, undefined> {
    const claim = { claimedBy: this.#source.createId(), leaseMs: this.#leaseMs };
    const lastSeq = await this.#source.lastSeq();
    const waiting: LetterRow[] = [];
    const claimOf = ({ seq }: LetterRow): Claim => ({ seq, claimedBy: claim.claimedBy });
    try {
      for (let after = "0"; ;) {
        signal?.throwIfAborted();
        const rows = await this.#source.claim(filter, after, lastSeq, this.#batch, claim);
        waiting.push(...rows);
        for (let row = waiting[0]; row !== undefined; row = waiting[0]) {
          signal?.throwIfAborted();
          waiting.shift();
          after = row.seq;
          for (const stored of this.#source.read(row)) {
            this.#open.handedOut(stored.letter.id, claimOf(row));
            yield stored;
          }
        }
        if (rows.length < this.#batch) return;
      }
    } finally {
      this.#open.neverHandedOut(waiting.map(claimOf));
      // Under a hold they go back with the rest, in one statement.
      if (this.#holds === 0) await this.#source.giveBack(this.#open.takeNeverHandedOut());
    }
  }

  /** Keeps nobody out: tells this view when a replay is over, and with its release gives back what was left. */
  async lock(): Promise<DeadLetterLock> {
    this.#holds++;
    let isHeld = true;
    const release = async (): Promise<void> => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      await this.#giveBackAll();
    };
    return Promise.resolve({ signal: new AbortController().signal, release });
  }

  async append(letters: readonly DeadLetter[]): Promise<void> {
    await this.#store.append(letters);
    this.#open.dealtWith(letters.map(({ id }) => id));
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    await this.#store.withdraw(ids);
    this.#open.dealtWith(ids);
  }

  async markReplayed(letters: readonly Pick<DeadLetterEnvelope, "id" | "ts">[]): Promise<void> {
    await this.#store.markReplayed(letters);
    this.#open.dealtWith(letters.map(({ id }) => id));
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

  /** Gives back what this view had listed and nobody dealt with. Leaves the store open for others. */
  async close(): Promise<void> {
    await this.#giveBackAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Waits for the last replay of this view: what another one has under way is not to be sent a second time meanwhile. */
  async #giveBackAll(): Promise<void> {
    if (this.#holds === 0) await this.#source.giveBack(this.#open.takeAll());
  }
}
