import { TimeHeap, type Timed } from "./time-heap.ts";

/** A dedup key that is taken. */
export interface DedupEntry extends Timed {
  readonly key: string;
  /** The job that took the key. */
  readonly jobId: string;
  /** When the key is free again; `Infinity` when it dies with its job. */
  at: number;
  /** The journal's segment that holds the entry; 0 when none does. */
  segment: number;
}

/** Which dedup keys are taken and by which job. Every call is O(log n) or better. */
export class DedupTable {
  readonly #entries = new Map<string, DedupEntry>();
  readonly #expiring = new TimeHeap<DedupEntry>();

  get size(): number {
    return this.#entries.size;
  }

  /** The job that holds `key`, if one does. */
  holder(key: string, nowMs: number): string | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.at > nowMs ? entry.jobId : undefined;
  }

  /** Takes a key that is free, until `expiresAt` or until {@link release}. */
  take(key: string, jobId: string, expiresAt: number): DedupEntry {
    const before = this.#entries.get(key);
    if (before !== undefined) this.#expiring.remove(before);
    const entry: DedupEntry = { key, jobId, at: expiresAt, order: 0, heapIndex: -1, segment: 0 };
    this.#entries.set(key, entry);
    if (expiresAt !== Infinity) this.#expiring.push(entry);
    return entry;
  }

  /** Frees the key of a job that is gone, unless another job has taken it since. */
  release(entry: DedupEntry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }

  /** Forgets at most `limit` keys whose time is over. */
  sweep(nowMs: number, limit: number): void {
    for (let swept = 0; swept < limit; swept++) {
      const first = this.#expiring.peek();
      if (first === undefined || first.at > nowMs) return;
      this.#expiring.remove(first);
      this.release(first);
    }
  }

  /** The keys with a life of their own, in no order. */
  expiring(): readonly DedupEntry[] {
    return this.#expiring.values();
  }
}
