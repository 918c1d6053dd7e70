/** What a {@link TimeHeap} orders. `at` and `order` must not change while the entry is inside. */
export interface Timed {
  /** The moment it is sorted by, in milliseconds. */
  at: number;
  /** Decides between equal moments: the smaller first. */
  order: number;
  /** Where the entry stands in its heap, kept by the heap; -1 outside. */
  heapIndex: number;
}

/** Children a node. Four keep the tree half as deep as two do, and the children of a node side by side. */
const FAN_OUT = 4;

/** A priority queue by time whose entries know their place, so that any of them is removed in O(log n). */
export class TimeHeap<Entry extends Timed> {
  readonly #entries: Entry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The earliest entry. O(1). */
  peek(): Entry | undefined {
    return this.#entries[0];
  }

  /** O(log n); O(1) for an entry that is later than all others, which most are. */
  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#rise(entry, this.#entries.length - 1);
  }

  /** Takes the earliest entry out. O(log n). */
  pop(): Entry | undefined {
    const first = this.#entries[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes an entry out and answers whether it was inside. O(log n). */
  remove(entry: Entry): boolean {
    const entries = this.#entries;
    const index = entry.heapIndex;
    if (entries[index] !== entry) return false;
    const last = entries.pop() as Entry;
    entry.heapIndex = -1;
    if (last !== entry) {
      this.#sink(last, index);
      if (last.heapIndex === index) this.#rise(last, index);
    }
    return true;
  }

  /** The entries in no order, for a caller that changes none of them meanwhile. */
  values(): readonly Entry[] {
    return this.#entries;
  }

  #rise(entry: Entry, from: number): void {
    const entries = this.#entries;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 2;
      const parent = entries[parentIndex] as Entry;
      if (!isBefore(entry, parent)) break;
      entries[index] = parent;
      parent.heapIndex = index;
      index = parentIndex;
    }
    entries[index] = entry;
    entry.heapIndex = index;
  }

  #sink(entry: Entry, from: number): void {
    const entries = this.#entries;
    const size = entries.length;
    let index = from;
    for (;;) {
      const firstChild = index * FAN_OUT + 1;
      if (firstChild >= size) break;
      let childIndex = firstChild;
      let child = entries[firstChild] as Entry;
      const end = Math.min(firstChild + FAN_OUT, size);
      for (let other = firstChild + 1; other < end; other++) {
        const candidate = entries[other] as Entry;
        if (isBefore(candidate, child)) {
          child = candidate;
          childIndex = other;
        }
      }
      if (!isBefore(child, entry)) break;
      entries[index] = child;
      child.heapIndex = index;
      index = childIndex;
    }
    entries[index] = entry;
    entry.heapIndex = index;
  }
}

function isBefore(left: Timed, right: Timed): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
