import { randomInt } from "node:crypto";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const QUOTES = 0x22222222;
const ONES = 0x01010101;
const TOPS = 0x80808080;

/**
 * Hashes ids to 64 bits in two numbers, under seeds of this object's own, so that two ids that meet by chance do not
 * meet again the next time.
 *
 * Two lanes take four bytes at a time, each a bijection, and end in the finalizer of MurmurHash3 (A. Appleby).
 */
export class IdHash {
  /** 32 bits each, of the id that was hashed last. */
  a = 0;
  b = 0;
  // Whole numbers of 32 bits with a sign, as all that is made of them: others would be boxed.
  readonly #seedA = randomInt(0xffff_ffff) | 0;
  readonly #seedB = randomInt(0xffff_ffff) | 0;

  /**
   * Hashes the bytes from `start` to `end`. Answers whether an id is known to end there where a quote follows: no
   * quote stands in it, and no backslash at its end.
   */
  take(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    let a = this.#seedA ^ (end - start);
    let b = this.#seedB;
    let special = 0;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = view.getInt32(at, true);
      // A byte that becomes zero sets its top bit (H. S. Warren, "Hacker's Delight", 6-1).
      const quotes = word ^ QUOTES;
      special |= (quotes - ONES) & ~quotes;
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b ^ word, 0x1b873593);
      b = (b << 13) | (b >>> 19);
    }
    this.a = a;
    this.b = b;
    if (at < end) special |= this.#takeRest(bytes, at, end);
    this.a = finalized(this.a);
    this.b = finalized(this.b ^ this.a);
    return (special & TOPS) === 0 && bytes[end - 1] !== BACKSLASH;
  }

  #takeRest(bytes: Buffer, start: number, end: number): number {
    let { a, b } = this;
    let special = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) special = TOPS;
      a = Math.imul(a ^ byte, 0x85ebca6b);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b ^ byte, 0xc2b2ae35);
      b = (b << 13) | (b >>> 19);
    }
    this.a = a;
    this.b = b;
    return special;
  }
}

function finalized(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
