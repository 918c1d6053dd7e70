import { read as readFile } from "node:fs";
import { DlqError } from "../errors.ts";
import type { OpenSegment } from "./segments.ts";

const NEWLINE = 10;
/** Bytes read at once: enough that handing a read to another thread does not show, few enough for the processor's cache. */
const WINDOW_BYTES = 524_288;

/**
 * A stretch of whole lines of a file: `bytes` from `start` to its end. Only the last stretch of a file may end
 * without a line break. The bytes are good until the next stretch is asked for.
 */
export interface LineWindow {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a file in stretches of whole lines, first to last. The next stretch is read while the caller works on one.
 * Memory is two windows, or a few times the longest line where that is longer.
 */
export async function* windowsForward(
  segment: OpenSegment,
  signal?: AbortSignal,
): AsyncGenerator<LineWindow, void, void> {
  const reader = new WindowReader(segment);
  let upcoming = reader.read(0, WINDOW_BYTES);
  try {
    for (let from = 0; from < segment.size;) {
      signal?.throwIfAborted();
      const bytes = await upcoming;
      const isLast = from + bytes.length >= segment.size;
      const end = isLast ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1;
      from += end;
      upcoming = reader.read(from, end === 0 ? bytes.length * 2 : WINDOW_BYTES);
      if (end > 0) yield { bytes, start: 0, end };
    }
  } finally {
    // Also when the caller stops early: the file must not be closed under a read.
    await upcoming.catch(() => undefined);
  }
}

/** Like {@link windowsForward}, last stretch first; within one the lines stand in the order of the file. */
export async function* windowsBackward(
  segment: OpenSegment,
  signal?: AbortSignal,
): AsyncGenerator<LineWindow, void, void> {
  const reader = new WindowReader(segment);
  const readTo = async (to: number, length: number): Promise<Buffer> =>
    reader.read(Math.max(0, to - length), Math.min(to, length));
  let upcoming = readTo(segment.size, WINDOW_BYTES);
  try {
    for (let to = segment.size; to > 0;) {
      signal?.throwIfAborted();
      const bytes = await upcoming;
      const isFirst = bytes.length === to;
      const start = isFirst ? 0 : bytes.indexOf(NEWLINE) + 1;
      const holdsALine = isFirst || (start > 0 && start < bytes.length);
      if (holdsALine) to -= bytes.length - start;
      upcoming = readTo(to, holdsALine ? WINDOW_BYTES : bytes.length * 2);
      if (holdsALine) yield { bytes, start, end: bytes.length };
    }
  } finally {
    await upcoming.catch(() => undefined);
  }
}

/** Where the line ends that starts at `start`, its line break left out. */
export function endOfLine({ bytes, end }: LineWindow, start: number): number {
  const lineBreak = bytes.indexOf(NEWLINE, start);
  return lineBreak === -1 || lineBreak > end ? end : lineBreak;
}

/** Reads into two buffers in turn, so that one can be looked at while the other is filled. */
class WindowReader {
  readonly #segment: OpenSegment;
  readonly #buffers: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
  #turn: 0 | 1 = 0;

  constructor(segment: OpenSegment) {
    this.#segment = segment;
  }

  /** The bytes at `position`: all that were wanted, or up to the end of the segment. */
  async read(position: number, wanted: number): Promise<Buffer> {
    const { path, size } = this.#segment;
    const length = Math.max(0, Math.min(wanted, size - position));
    const turn = this.#turn;
    this.#turn = turn === 0 ? 1 : 0;
    if (this.#buffers[turn].length < length) this.#buffers[turn] = Buffer.allocUnsafeSlow(length);
    const buffer = this.#buffers[turn];
    for (let filled = 0; filled < length;) {
      const bytesRead = await this.#readOnce(buffer, filled, length - filled, position + filled);
      if (bytesRead === 0) {
        throw new DlqError("DLQ_UNAVAILABLE", `Another program cut ${path} short while it was read`, {
          retryable: true,
        });
      }
      filled += bytesRead;
    }
    return buffer.subarray(0, length);
  }

  /** Not by the handle's own method: the objects it makes for a read cost as much as looking at what was read. */
  async #readOnce(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      readFile(this.#segment.handle.fd, buffer, offset, length, position, (error, bytesRead) => {
        if (error === null) resolve(bytesRead);
        else reject(error);
      });
    });
  }
}
