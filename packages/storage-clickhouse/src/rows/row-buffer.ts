import type { EncodedRow } from "./row-encoder.ts";

const NEWLINE = 0x0a;
/** Large enough that a batch is a few pieces, small enough that a batch of one row pins little. */
const CHUNK_BYTES = 262_144;

/**
 * The memory that rows are written into, one chunk after the other; several batches share a chunk, which is
 * freed when the last of them is. Keeps encoded rows off the JavaScript heap.
 */
export class ChunkArena {
  #chunk: Buffer = Buffer.alloc(0);
  #used = 0;

  /** The chunk that the last row went into. */
  get chunk(): Buffer {
    return this.#chunk;
  }

  /** Where the last row ends in it. */
  get end(): number {
    return this.#used;
  }

  /** Writes a row of `bytes` bytes and its line break, and answers where in the chunk it starts. */
  write(row: EncodedRow, bytes: number): number {
    if (this.#chunk.length - this.#used <= bytes) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes + 1));
      this.#used = 0;
    }
    const start = this.#used;
    if (typeof row === "string") this.#chunk.write(row, start, "utf8");
    else row.copy(this.#chunk, start);
    this.#chunk[start + bytes] = NEWLINE;
    this.#used = start + bytes + 1;
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
  #rowCount = 0;
  #byteLength = 0;

  constructor(arena: ChunkArena) {
    this.#arena = arena;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Takes a row of `bytes` bytes without a line break. */
  append(row: EncodedRow, bytes: number): void {
    const start = this.#arena.write(row, bytes);
    if (this.#chunk !== this.#arena.chunk || this.#end !== start) {
      if (this.#chunk !== undefined) this.#closed.push(this.#chunk.subarray(this.#start, this.#end));
      this.#chunk = this.#arena.chunk;
      this.#start = start;
    }
    this.#end = this.#arena.end;
    this.#rowCount += 1;
    this.#byteLength += bytes + 1;
  }

  /** All rows in order. */
  get pieces(): readonly Buffer[] {
    if (this.#chunk === undefined) return [];
    return [...this.#closed, this.#chunk.subarray(this.#start, this.#end)];
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
