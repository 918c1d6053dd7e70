import type {
  DeadLetter,
  DeadLetterEnvelope,
  DeadLetterFilter,
  DeadLetterStats,
  DeadLetterStore,
  StoredDeadLetter,
} from "@chimera/dlq";

/** Keeps letters in a map, tells the order of calls, and fails on demand. */
export class RecordingStore implements DeadLetterStore {
  readonly letters: Map<string, DeadLetter> = new Map();
  readonly calls: string[] = [];
  failNext: Error | undefined;
  /** Runs before an append resolves. */
  onAppend: (() => Promise<void> | void) | undefined;

  get all(): DeadLetter[] {
    return [...this.letters.values()];
  }

  async append(letters: readonly DeadLetter[]): Promise<void> {
    this.calls.push(`append ${letters.length}`);
    const failure = this.failNext;
    this.failNext = undefined;
    if (failure !== undefined) throw failure;
    await this.onAppend?.();
    for (const letter of letters) this.letters.set(letter.id, letter);
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    this.calls.push(`withdraw ${ids.length}`);
    for (const id of ids) this.letters.delete(id);
  }

  async *list(_filter?: DeadLetterFilter): AsyncIterable<StoredDeadLetter> {
    for (const letter of this.letters.values()) yield { letter, state: "dead" };
  }

  async markReplayed(_letters: readonly Pick<DeadLetterEnvelope, "id" | "ts">[]): Promise<void> {
    this.calls.push("markReplayed");
  }

  async purge(): Promise<number> {
    const count = this.letters.size;
    this.letters.clear();
    return count;
  }

  async stats(): Promise<DeadLetterStats> {
    return { count: this.letters.size, bytes: 0, byReason: {}, bySource: {}, unreadable: 0 };
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
