import { crc32 } from "node:zlib";
import type { ByteWriter } from "./byte-writer.ts";

/** Length and checksum before each frame's payload, four bytes each. */
const FRAME_HEAD_BYTES = 8;

/** Keeps room for a frame's head; what is written from here to {@link endFrame} is its payload. */
export function beginFrame(out: ByteWriter): number {
  const start = out.length;
  out.uint32(0);
  out.uint32(0);
  return start;
}

export function endFrame(out: ByteWriter, start: number): void {
  const payload = out.bytes(start + FRAME_HEAD_BYTES);
  out.setUint32(start, payload.length);
  out.setUint32(start + 4, crc32(payload));
}

/** The frame that begins at `at`: its payload, or why there is none. */
export type FrameReading =
  | { readonly payload: Buffer; readonly end: number }
  /** The file ends before the frame does: what a crash in the middle of a write leaves behind. */
  | "torn"
  /** The frame is there as a whole and is not what was written. */
  | "damaged"
  | "end";

export function readFrame(file: Buffer, at: number): FrameReading {
  if (at === file.length) return "end";
  if (at + FRAME_HEAD_BYTES > file.length) return "torn";
  const start = at + FRAME_HEAD_BYTES;
  const end = start + file.readUInt32LE(at);
  if (end > file.length) return "torn";
  const payload = file.subarray(start, end);
  return crc32(payload) === file.readUInt32LE(at + 4) ? { payload, end } : "damaged";
}
