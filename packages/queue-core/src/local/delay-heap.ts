import { TimeHeap, type Timed } from "./time-heap.ts";

/**
 * Entries that wait for their time, those whose time has come kept apart, so that counting them costs nothing
 * however many nobody has fetched.
 *
 * Each entry moves from `future` to `due` once: O(log n) an entry in its life, whoever asks and how often.
 */
export class DelayHeap<Entry extends Timed> {
  readonly #future = new TimeHeap<Entry>();
  readonly #due = new TimeHeap<Entry>();

  get size(): number {
    return this.#future.size + this.#due.size;
  }

  push(entry: Entry): void {
    this.#future.push(entry);
  }

  remove(entry: Entry): boolean {
    return this.#future.remove(entry) || this.#due.remove(entry);
  }

  /** Takes out the earliest entry whose time has come. O(log n). */
  takeDue(nowMs: number): Entry | undefined {
    // What was found due before is earlier than anything that became due since.
    if (this.#due.size > 0) return this.#due.pop();
    const first = this.#future.peek();
    return first !== undefined && first.at <= nowMs ? this.#future.pop() : undefined;
  }

  /** How many entries' time has come. */
  countDue(nowMs: number): number {
    for (let first = this.#future.peek(); first !== undefined && first.at <= nowMs;) {
      this.#future.remove(first);
      this.#due.push(first);
      first = this.#future.peek();
    }
    return this.#due.size;
  }

  /** When the earliest entry is due, or was; `Infinity` when there is none. O(1). */
  nextAt(): number {
    return (this.#due.peek() ?? this.#future.peek())?.at ?? Infinity;
  }

  /** Every entry, in no order. */
  *values(): Generator<Entry> {
    yield* this.#due.values();
    yield* this.#future.values();
  }
}
