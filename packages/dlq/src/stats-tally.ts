import type { DeadLetterEnvelope, DeadLetterReason } from "./dead-letter.ts";
import type { DeadLetterStats } from "./dead-letter-store.ts";

/** One letter or more, counted. */
export interface CountedLetters {
  readonly count: number;
  readonly bytes: number;
  readonly byReason: readonly (readonly [DeadLetterReason, number])[];
  readonly bySource: readonly (readonly [string, number])[];
  readonly oldestTs: string;
  readonly newestTs: string;
}

/** Adds letters up into {@link DeadLetterStats}. */
export class StatsTally {
  #count = 0;
  #bytes = 0;
  #unreadable = 0;
  readonly #byReason = new Map<DeadLetterReason, number>();
  readonly #bySource = new Map<string, number>();
  #oldestTs: string | undefined;
  #newestTs: string | undefined;

  add({ reason, source, ts }: Pick<DeadLetterEnvelope, "reason" | "source" | "ts">, bytes: number): void {
    this.addCounted({
      count: 1,
      bytes,
      byReason: [[reason, 1]],
      bySource: [[source, 1]],
      oldestTs: ts,
      newestTs: ts,
    });
  }

  /** Adds letters that were counted elsewhere. */
  addCounted({ count, bytes, byReason, bySource, oldestTs, newestTs }: CountedLetters): void {
    this.#count += count;
    this.#bytes += bytes;
    for (const [reason, ofReason] of byReason) addTo(this.#byReason, reason, ofReason);
    for (const [source, ofSource] of bySource) addTo(this.#bySource, source, ofSource);
    if (this.#oldestTs === undefined || oldestTs < this.#oldestTs) this.#oldestTs = oldestTs;
    if (this.#newestTs === undefined || newestTs > this.#newestTs) this.#newestTs = newestTs;
  }

  addUnreadable(): void {
    this.#unreadable++;
  }

  result(): DeadLetterStats {
    return {
      count: this.#count,
      bytes: this.#bytes,
      byReason: Object.fromEntries(this.#byReason),
      bySource: Object.fromEntries(this.#bySource),
      ...(this.#oldestTs !== undefined && { oldestTs: this.#oldestTs }),
      ...(this.#newestTs !== undefined && { newestTs: this.#newestTs }),
      unreadable: this.#unreadable,
    };
  }
}

function addTo<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  if (count > 0) counts.set(key, (counts.get(key) ?? 0) + count);
}
