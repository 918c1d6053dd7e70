/** What the log, read from its end, has said about an id so far. */
export const IdState = {
  /** Nothing yet. */
  unknown: 0,
  /** A replayed mark for one version is waiting for its letter. */
  marked: 1,
  /** Its current letter was met: whatever stands earlier is replaced. */
  current: 2,
  /** Withdrawn: whatever stands earlier is gone. */
  withdrawn: 3,
  /** Its current letter was met and is to be purged. */
  purged: 4,
} as const;

const WORDS = 3;
const STATE_BITS = 3;
const MAX_LOAD = 0.75;
const MIN_CAPACITY = 1_024;

/**
 * A set of ids with a state and a version each, 12 bytes an id at a load of at most 0.75, outside the garbage
 * collector's heap: two million ids take 32 MB, where a `Map` takes over 200 MB.
 *
 * Ids are known by hashes of 64 bits: two different ones out of two million are taken for one with a probability of
 * 1e-7. Linear probing.
 */
export class IdTable {
  /** Of no meaning: kept so that reading ahead is not optimised away. */
  touched = 0;
  #words: Int32Array;
  #capacity: number;
  #used = 0;
  #hashA = 0;
  #hashB = 0;
  #slot = 0;

  constructor(expected = 0) {
    this.#capacity = Math.max(MIN_CAPACITY, Math.ceil(expected / MAX_LOAD));
    this.#words = new Int32Array(this.#capacity * WORDS);
  }

  /**
   * Brings the places of hashes into the processor's cache. They are all over the table: asked for one right after the
   * other, several are on their way at a time.
   */
  touch(hashes: Int32Array, count: number): void {
    let touched = 0;
    for (let at = 0; at < count; at++)
      touched ^= this.#words[this.#slotOf(hashes[at] as number) + 2] as number;
    this.touched = touched;
  }

  /** Looks an id up by its hash, and answers its state. The next calls are about it. */
  find(hashA: number, hashB: number): number {
    this.#hashA = hashA;
    this.#hashB = hashB;
    return this.#probe();
  }

  /** The version that was given with the state of the id found last. */
  get version(): number {
    return (this.#words[this.#slot + 2] as number) >>> STATE_BITS;
  }

  /** Sets the state of the id found last. `version` is a number of 28 bits. */
  set(state: number, version = 0): void {
    const words = this.#words;
    const slot = this.#slot;
    const isNew = words[slot + 2] === 0;
    words[slot] = this.#hashA;
    words[slot + 1] = this.#hashB;
    words[slot + 2] = (version << STATE_BITS) | state;
    if (isNew && ++this.#used > this.#capacity * MAX_LOAD) this.#grow();
  }

  #probe(): number {
    const words = this.#words;
    const end = words.length;
    let slot = this.#slotOf(this.#hashA);
    for (;;) {
      const info = words[slot + 2] as number;
      if (info === 0 || (words[slot] === this.#hashA && words[slot + 1] === this.#hashB)) {
        this.#slot = slot;
        return info & ((1 << STATE_BITS) - 1);
      }
      slot += WORDS;
      if (slot === end) slot = 0;
    }
  }

  /** Multiplying maps a hash to any capacity (D. Lemire, "Fast Random Integer Generation in an Interval", 2019). */
  #slotOf(hashA: number): number {
    return Math.floor((hashA >>> 0) * (this.#capacity / 0x1_0000_0000)) * WORDS;
  }

  #grow(): void {
    const old = this.#words;
    const [hashA, hashB] = [this.#hashA, this.#hashB];
    this.#capacity *= 2;
    this.#words = new Int32Array(this.#capacity * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 2] === 0) continue;
      this.find(old[at] as number, old[at + 1] as number);
      this.#words.set(old.subarray(at, at + WORDS), this.#slot);
    }
    this.find(hashA, hashB);
  }
}
