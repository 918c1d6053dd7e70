import type { DeadLetterEnvelope, DeadLetterReason } from "./dead-letter.ts";
import type { DeadLetterStats } from "./dead-letter-store.ts";

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
    this.#count++;
    this.#bytes += bytes;
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
    this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + 1);
    if (this.#oldestTs === undefined || ts < this.#oldestTs) this.#oldestTs = ts;
    if (this.#newestTs === undefined || ts > this.#newestTs) this.#newestTs = ts;
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
