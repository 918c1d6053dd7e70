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

const WORDS = 2;
const STATE_BITS = 3;
const STATE_MASK = (1 << STATE_BITS) - 1;
const MAX_LOAD = 0.7;
const MIN_CAPACITY = 1_024;

/**
 * A set of ids with a state each, and a version for those that have a mark, outside the garbage collector's heap: two
 * million ids take 24 MB, with marks 36 MB, where a `Map` takes over 200 MB.
 *
 * Ids are known by hashes of 61 bits: among two million the probability that any two are taken for one is 1e-6.
 * Linear probing.
 */
export class IdTable {
  /** Of no meaning: kept so that reading ahead is not optimised away. */
  touched = 0;
  /** For each place the first half of a hash, then the second half with its lowest bits replaced by the state. */
  #words: Int32Array;
  /** A version for each place, from the first mark on. */
  #versions: Int32Array | undefined;
  #capacity: number;
  #used = 0;
  #hashA = 0;
  #hashB = 0;
  #place = 0;

  constructor(expected = 0) {
    this.#capacity = Math.max(MIN_CAPACITY, Math.ceil(expected / MAX_LOAD));
    // Written to once: memory that is only taken on the way costs a trap into the system at every new page.
    this.#words = new Int32Array(this.#capacity * WORDS).fill(0);
  }

  /**
   * Brings the places of hashes into the processor's cache. They are all over the table: asked for one right after the
   * other, several are on their way at a time.
   */
  touch(hashes: Int32Array, count: number): void {
    const words = this.#words;
    let touched = 0;
    for (let at = 0; at < count; at++) {
      touched ^= words[this.#placeOf(hashes[at] as number) * WORDS] as number;
    }
    this.touched = touched;
  }

  /** Looks an id up by its hash, and answers its state. The next calls are about it. */
  find(hashA: number, hashB: number): number {
    this.#hashA = hashA;
    this.#hashB = hashB & ~STATE_MASK;
    return this.#probe();
  }

  /** The version that was given with the state of the id found last. */
  get version(): number {
    return this.#versions?.[this.#place] ?? 0;
  }

  /** Sets the state of the id found last, and notes a version of it. `version` is a number of 31 bits. */
  set(state: number, version = 0): void {
    const words = this.#words;
    const at = this.#place * WORDS;
    const isNew = ((words[at + 1] as number) & STATE_MASK) === 0;
    words[at] = this.#hashA;
    words[at + 1] = this.#hashB | state;
    if (version !== 0) {
      this.#versions ??= new Int32Array(this.#capacity);
      this.#versions[this.#place] = version;
    }
    if (isNew && ++this.#used > this.#capacity * MAX_LOAD) this.#grow();
  }

  /**
   * Lets go of the memory; the table must not be asked again. A large collection may be minutes away: moved to an
   * object that nobody keeps, the memory goes with the next small one.
   */
  release(): void {
    const buffers = [this.#words.buffer, this.#versions?.buffer].filter((buffer) => buffer !== undefined);
    structuredClone(undefined, { transfer: buffers as ArrayBuffer[] });
  }

  #probe(): number {
    const words = this.#words;
    const capacity = this.#capacity;
    for (let place = this.#placeOf(this.#hashA); ; place = place + 1 === capacity ? 0 : place + 1) {
      const second = words[place * WORDS + 1] as number;
      const state = second & STATE_MASK;
      if (state === 0 || (words[place * WORDS] === this.#hashA && (second & ~STATE_MASK) === this.#hashB)) {
        this.#place = place;
        return state;
      }
    }
  }

  /** Multiplying maps a hash to any capacity (D. Lemire, "Fast Random Integer Generation in an Interval", 2019). */
  #placeOf(hashA: number): number {
    return ((hashA >>> 0) * (this.#capacity / 0x1_0000_0000)) | 0;
  }

  #grow(): void {
    const [words, versions, hashA, hashB] = [this.#words, this.#versions, this.#hashA, this.#hashB];
    this.#capacity *= 2;
    this.#used = 0;
    this.#words = new Int32Array(this.#capacity * WORDS);
    this.#versions = undefined;
    for (let place = 0; place * WORDS < words.length; place++) {
      const second = words[place * WORDS + 1] as number;
      if ((second & STATE_MASK) === 0) continue;
      this.find(words[place * WORDS] as number, second);
      this.set(second & STATE_MASK, versions?.[place] ?? 0);
    }
    this.find(hashA, hashB);
  }
}
