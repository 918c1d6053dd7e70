import { randomInt } from "node:crypto";

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
 * Ids are kept as hashes of 64 bits under seeds of this object's own: two different ids out of two million are
 * taken for one with a probability of 1e-7, and not again the next time. Linear probing.
 */
export class IdTable {
  #words: Uint32Array;
  #capacity: number;
  #used = 0;
  readonly #seedA = randomInt(0xffff_ffff);
  readonly #seedB = randomInt(0xffff_ffff);
  #hashA = 0;
  #hashB = 0;
  #slot = 0;

  constructor(expected = 0) {
    this.#capacity = Math.max(MIN_CAPACITY, Math.ceil(expected / MAX_LOAD));
    this.#words = new Uint32Array(this.#capacity * WORDS);
  }

  /** Looks an id up, given as the bytes from `start` to `end`, and answers its state. The next calls are about it. */
  find(bytes: Buffer, view: DataView, start: number, end: number): number {
    this.#hash(bytes, view, start, end);
    return this.#probe();
  }

  /** The version that was given with the state of the id found last. */
  get version(): number {
    return (this.#words[this.#slot + 2] ?? 0) >>> STATE_BITS;
  }

  /** Sets the state of the id found last. `version` is a number of 29 bits. */
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
    const end = this.#capacity * WORDS;
    // Multiplying maps a hash to a slot of any capacity (D. Lemire, "Fast Random Integer Generation in an Interval", 2019).
    let slot = Math.floor((this.#hashA / 0x1_0000_0000) * this.#capacity) * WORDS;
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

  #grow(): void {
    const old = this.#words;
    this.#capacity *= 2;
    this.#words = new Uint32Array(this.#capacity * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 2] === 0) continue;
      this.#hashA = old[at] as number;
      this.#hashB = old[at + 1] as number;
      this.#probe();
      this.#words.set(old.subarray(at, at + WORDS), this.#slot);
    }
  }

  /** Two lanes over four bytes at a time, each mixed to the end with the finalizer of MurmurHash3 (A. Appleby). */
  #hash(bytes: Buffer, view: DataView, start: number, end: number): void {
    let a = this.#seedA ^ (end - start);
    let b = this.#seedB;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = view.getUint32(at, true);
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b ^ word, 0x1b873593);
      b = (b << 13) | (b >>> 19);
    }
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      a = Math.imul(a ^ byte, 0x85ebca6b);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b ^ byte, 0xc2b2ae35);
      b = (b << 13) | (b >>> 19);
    }
    const mixed = finalized(a);
    this.#hashA = mixed >>> 0;
    this.#hashB = finalized(b ^ mixed) >>> 0;
  }
}

function finalized(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
