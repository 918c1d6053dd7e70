/** What is to be done with a line, given all lines after it. */
export const Verdict = {
  /** A letter or a mark that a later line overruled. */
  gone: 0,
  dead: 1,
  replayed: 2,
  /** A mark that may count, a blank line, or one that cannot be read. */
  noLetter: 3,
} as const;

const PER_BYTE = 4;

/** One verdict a line, two bits each, pushed from the last line to the first and read from the first to the last. */
export class LineStates {
  #bytes = new Uint8Array(1_024);
  #count = 0;

  push(verdict: number): void {
    const at = Math.floor(this.#count / PER_BYTE);
    if (at === this.#bytes.length) {
      const larger = new Uint8Array(at * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[at] = (this.#bytes[at] as number) | (verdict << ((this.#count % PER_BYTE) * 2));
    this.#count++;
  }

  /** Takes the verdict that was pushed last, and not taken yet. */
  pop(): number {
    this.#count--;
    const byte = this.#bytes[Math.floor(this.#count / PER_BYTE)] as number;
    return (byte >> ((this.#count % PER_BYTE) * 2)) & 3;
  }
}
