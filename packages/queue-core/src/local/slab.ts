import type { JobRecord } from "./job-record.ts";

/** Bytes are taken in multiples of this, so that a slab fits again for jobs of about the same size. */
const STEP_BYTES = 16_384;
/** Room behind the text, in bytes, in which a character that does not fit into one shows itself. */
const SLACK = 4;
/** Slabs that wait for their next jobs. Jobs are packed at the tail about as often as they are unpacked at the head. */
const SPARE_SLABS = 4;

/** Memory outside the heap for the texts and the numbers of jobs. */
export class Slab {
  readonly numbers: Float64Array;
  #bytes: Buffer;
  #encoding: "latin1" | "utf16le" = "latin1";

  constructor(bytes: number, numbers: number) {
    // Not of the pool that small buffers share, which lives as long as the last of them.
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
    this.numbers = new Float64Array(numbers);
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  /** Takes the ids and bodies of jobs in turn, `length` characters altogether. */
  write(records: readonly JobRecord[], length: number): void {
    if (this.#writeNarrow(records)) return;
    if (this.#bytes.length < length * 2) this.#bytes = Buffer.allocUnsafeSlow(roundedUp(length * 2));
    this.#writeWide(records);
  }

  /** The text between two counts of characters; a string that keeps nothing else alive. */
  text(start: number, end: number): string {
    return this.#encoding === "latin1"
      ? this.#bytes.toString("latin1", start, end)
      : this.#bytes.toString("utf16le", start * 2, end * 2);
  }

  /** A byte a character, which is enough for ASCII. Answers false when there is anything else. */
  #writeNarrow(records: readonly JobRecord[]): boolean {
    this.#encoding = "latin1";
    const bytes = this.#bytes;
    let end = 0;
    for (const { id, body } of records) {
      // As UTF-8: the count of bytes tells whether there was anything but ASCII, without one more look at the text.
      const written = bytes.write(id, end) + bytes.write(body, end + id.length);
      if (written !== id.length + body.length) return false;
      end += written;
    }
    return true;
  }

  /** As the 16-bit units that a string is made of, so that it comes back unchanged whatever they are. */
  #writeWide(records: readonly JobRecord[]): void {
    this.#encoding = "utf16le";
    let end = 0;
    for (const { id, body } of records) {
      end += this.#bytes.write(id, end, "utf16le");
      end += this.#bytes.write(body, end, "utf16le");
    }
  }
}

/**
 * Slabs that are taken and given back. Memory outside the heap is freed late, and new pages cost a fault each; a queue that
 * stays as deep as it is needs none.
 */
export class Slabs {
  readonly #spare: Slab[] = [];

  /** @param length - characters that fit if each takes a byte */
  take(length: number, numbers: number): Slab {
    const bytes = roundedUp(length + SLACK);
    const found = this.#spare.findIndex(
      (slab) => slab.byteLength >= bytes && slab.byteLength <= bytes * 2 && slab.numbers.length >= numbers,
    );
    const [slab] = found < 0 ? [] : this.#spare.splice(found, 1);
    return slab ?? new Slab(bytes, numbers);
  }

  give(slab: Slab): void {
    if (this.#spare.length === SPARE_SLABS) this.#spare.shift();
    this.#spare.push(slab);
  }
}

function roundedUp(bytes: number): number {
  return Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
}
