const WORD = 8;

/**
 * A fixed text in a buffer, compared eight bytes at a time: the first fields of a line are mostly fixed texts.
 *
 * The eight bytes are taken as a double, the one number of this size that costs nothing to make. Different bytes that
 * are equal as doubles are those of 0 and -0, so a text with one of them is never found; neither is one with a NaN.
 */
export class ByteLiteral {
  readonly length: number;
  readonly #words: Float64Array;
  readonly #lastWord: number;

  /** @param bytes - at least eight. */
  constructor(bytes: Buffer) {
    this.length = bytes.length;
    const count = Math.floor((bytes.length - 1) / WORD);
    this.#words = Float64Array.from({ length: count }, (_, at) => bytes.readDoubleLE(at * WORD) || NaN);
    // Overlaps the word before it where the length is no multiple of eight.
    this.#lastWord = bytes.readDoubleLE(bytes.length - WORD) || NaN;
  }

  /** Whether the text stands at `at`, and ends at `end` or before. */
  isAt(view: DataView, at: number, end: number): boolean {
    const length = this.length;
    if (at + length > end) return false;
    const words = this.#words;
    for (let index = 0; index < words.length; index++) {
      if (view.getFloat64(at + index * WORD, true) !== words[index]) return false;
    }
    return view.getFloat64(at + length - WORD, true) === this.#lastWord;
  }
}
