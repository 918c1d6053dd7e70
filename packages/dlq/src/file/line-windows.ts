import type { OpenSegment } from "./segments.ts";
import { WindowReader, type ReadBytes } from "./window-reader.ts";

const NEWLINE = 10;
/** Bytes of a stretch: few enough that it is still in the processor's cache when it is looked at. */
const WINDOW_BYTES = 262_144;

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
 * Reads a file in stretches of whole lines, first to last, giving the event loop a turn every few of them.
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
    await Promise.allSettled([upcoming]);
  }
}

/** Like {@link windowsForward}, last stretch first; within one the lines stand in the order of the file. */
export async function* windowsBackward(
  segment: OpenSegment,
  signal?: AbortSignal,
): AsyncGenerator<LineWindow, void, void> {
  const reader = new WindowReader(segment);
  const readTo = (to: number, length: number): ReadBytes =>
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
    await Promise.allSettled([upcoming]);
  }
}

/** Where the line ends that starts at `start`, its line break left out. */
export function endOfLine({ bytes, end }: LineWindow, start: number): number {
  const lineBreak = bytes.indexOf(NEWLINE, start);
  return lineBreak === -1 || lineBreak > end ? end : lineBreak;
}
