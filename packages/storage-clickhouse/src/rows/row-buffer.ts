import type { EncodedRow } from "./row-encoder.ts";

const NEWLINE = 0x0a;
/** Large enough that a batch is a few pieces, small enough that a batch of one row pins little. */
const CHUNK_BYTES = 262_144;
/** Text that is gathered before it is turned into bytes: one call for some 300 rows, not two for each. */
const TEXT_UNITS = 32_768;

/**
 * The memory that rows are written into, one chunk after the other; several batches share a chunk, which is
 * freed when the last of them is. Keeps encoded rows off the JavaScript heap.
 */
export class ChunkArena {
  #chunk: Buffer = Buffer.alloc(0);
  #used = 0;

  /** The chunk that was last written to. */
  get chunk(): Buffer {
    return this.#chunk;
  }

  /** Where what was last written ends in it. */
  get end(): number {
    return this.#used;
  }

  /** Writes `bytes` bytes and answers where in the chunk they start. */
  write(lines: EncodedRow, bytes: number): number {
    if (this.#chunk.length - this.#used < bytes) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes));
      this.#used = 0;
    }
    const start = this.#used;
    if (typeof lines === "string") this.#chunk.write(lines, start, "utf8");
    else lines.copy(this.#chunk, start);
    this.#used = start + bytes;
    return start;
  }
}

/** The rows of one batch as bytes, a line each, in few pieces. */
export class RowBuffer {
  readonly #arena: ChunkArena;
  readonly #closed: Buffer[] = [];
  #chunk: Buffer | undefined;
  #start = 0;
  #end = 0;
  /** Rows that are still text, and their length with line breaks. Joined at once: appending would make two strings a row. */
  #lines: string[] = [];
  #units = 0;
  #rowCount = 0;
  #byteLength = 0;

  constructor(arena: ChunkArena) {
    this.#arena = arena;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Exact after {@link finish}; before that up to 32 KiB of text may count as ASCII. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Takes a row without a line break; answers by how much `byteLength` changed. */
  append(row: EncodedRow): number {
    const before = this.#byteLength;
    this.#rowCount += 1;
    if (typeof row === "string") {
      this.#lines.push(row);
      this.#units += row.length + 1;
      this.#byteLength += row.length + 1;
      if (this.#units >= TEXT_UNITS) this.#writeText();
    } else {
      this.#writeText();
      this.#write(row, row.length);
      this.#write("\n", 1);
      this.#byteLength += row.length + 1;
    }
    return this.#byteLength - before;
  }

  /** Turns what is still text into bytes; answers by how much `byteLength` changed. */
  finish(): number {
    const before = this.#byteLength;
    this.#writeText();
    return this.#byteLength - before;
  }

  /** All rows in order, once finished. */
  get pieces(): readonly Buffer[] {
    if (this.#chunk === undefined) return [];
    return [...this.#closed, this.#chunk.subarray(this.#start, this.#end)];
  }

  #writeText(): void {
    if (this.#units === 0) return;
    this.#lines.push(""); // for the last row's line break
    const text = this.#lines.join("\n");
    const bytes = Buffer.byteLength(text);
    this.#byteLength += bytes - this.#units;
    this.#write(text, bytes);
    this.#lines = [];
    this.#units = 0;
  }

  #write(lines: EncodedRow, bytes: number): void {
    const start = this.#arena.write(lines, bytes);
    if (this.#chunk !== this.#arena.chunk || this.#end !== start) {
      if (this.#chunk !== undefined) this.#closed.push(this.#chunk.subarray(this.#start, this.#end));
      this.#chunk = this.#arena.chunk;
      this.#start = start;
    }
    this.#end = this.#arena.end;
  }
}

/** Bytes of an encoded row, without a line break. */
export function encodedBytes(row: EncodedRow): number {
  return typeof row === "string" ? Buffer.byteLength(row) : row.length;
}

/** Where each line starts in `bytes`, and at last where they end. Rows hold no raw line break: JSON escapes it. */
export function lineStarts(bytes: Buffer, lines: number): Uint32Array {
  const starts = new Uint32Array(lines + 1);
  let next = 0;
  for (let line = 0; line < lines; line++) {
    starts[line] = next;
    const end = bytes.indexOf(NEWLINE, next);
    next = end === -1 ? bytes.length : end + 1;
  }
  starts[lines] = bytes.length;
  return starts;
}
