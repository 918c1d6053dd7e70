import type { DeadLetter, DeadLetterEnvelope, DeadLetterState } from "./dead-letter.ts";
import type {
  DeadLetterFilter,
  DeadLetterStats,
  DeadLetterStore,
  StoredDeadLetter,
} from "./dead-letter-store.ts";
import { DlqError } from "./errors.ts";
import { compileFilter } from "./filter.ts";
import { createIntake, type IntakeOptions } from "./intake.ts";
import { StatsTally } from "./stats-tally.ts";

interface Entry {
  readonly letter: DeadLetter;
  state: DeadLetterState;
}

/** Options of {@link MemoryDeadLetterStore}. */
export type MemoryDeadLetterStoreOptions = IntakeOptions;

/**
 * Dead letters in this process's memory: for tests, and as the plainest reading of the contract.
 *
 * Nothing survives the end of the process, and nothing bounds the memory: not for production.
 */
export class MemoryDeadLetterStore implements DeadLetterStore {
  /** In the order of the last append: a replaced letter is taken out and put in again. */
  readonly #entries = new Map<string, Entry>();
  readonly #intake: (letter: DeadLetter) => DeadLetter;
  #closed = false;

  constructor(options: MemoryDeadLetterStoreOptions = {}) {
    this.#intake = createIntake(options);
  }

  async append(letters: readonly DeadLetter[]): Promise<void> {
    this.#assertOpen();
    for (const letter of letters.map(this.#intake)) {
      this.#entries.delete(letter.id);
      this.#entries.set(letter.id, { letter, state: "dead" });
    }
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    this.#assertOpen();
    for (const id of ids) this.#entries.delete(id);
  }

  async *list(
    filter?: DeadLetterFilter,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<StoredDeadLetter, void, void> {
    for (const { letter, state } of this.#matching(filter)) {
      signal?.throwIfAborted();
      yield { letter, state };
    }
  }

  async markReplayed(letters: readonly Pick<DeadLetterEnvelope, "id" | "ts">[]): Promise<void> {
    this.#assertOpen();
    for (const { id, ts } of letters) {
      const entry = this.#entries.get(id);
      if (entry?.letter.ts === ts) entry.state = "replayed";
    }
  }

  async purge(filter: DeadLetterFilter): Promise<number> {
    const matching = this.#matching(filter);
    for (const { letter } of matching) this.#entries.delete(letter.id);
    return matching.length;
  }

  async stats(filter?: DeadLetterFilter): Promise<DeadLetterStats> {
    const tally = new StatsTally();
    for (const { letter } of this.#matching(filter)) tally.add(letter, Buffer.byteLength(letter.payload));
    return tally.result();
  }

  async ping(): Promise<void> {
    this.#assertOpen();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #matching(filter?: DeadLetterFilter): Entry[] {
    this.#assertOpen();
    const matches = compileFilter(filter);
    return [...this.#entries.values()].filter(({ letter, state }) => matches(letter, state));
  }

  #assertOpen(): void {
    if (this.#closed) throw new DlqError("DLQ_CLOSED", "The dead-letter store was closed");
  }
}
