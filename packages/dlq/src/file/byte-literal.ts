/** A fixed text in a buffer, compared four bytes at a time: the first fields of a line are mostly fixed texts. */
export class ByteLiteral {
  readonly length: number;
  readonly #words: Int32Array;
  readonly #lastWord: number;

  /** @param bytes - at least four. */
  constructor(bytes: Buffer) {
    this.length = bytes.length;
    const count = Math.floor((bytes.length - 1) / 4);
    this.#words = Int32Array.from({ length: count }, (_, at) => bytes.readInt32LE(at * 4));
    // Overlaps the word before it where the length is no multiple of four.
    this.#lastWord = bytes.readInt32LE(bytes.length - 4);
  }

  /** Whether the text stands at `at`, and ends at `end` or before. */
  isAt(view: DataView, at: number, end: number): boolean {
    if (at + this.length > end) return false;
    const words = this.#words;
    for (let index = 0; index < words.length; index++) {
      if (view.getInt32(at + index * 4, true) !== words[index]) return false;
    }
    return view.getInt32(at + this.length - 4, true) === this.#lastWord;
  }
}
