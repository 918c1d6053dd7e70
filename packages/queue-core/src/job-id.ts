import { randomFillSync } from "node:crypto";
import { systemClock, type Clock } from "@chimera/dlq";

/** Ids drawn from one fill of the pool of random bytes: a system call for each would cost more than the id. */
const IDS_PER_FILL = 512;
const RANDOM_BYTES = 8;

/** Where the random bits of an id come from: fills the buffer. */
export type RandomFill = (buffer: Buffer) => void;

/**
 * A maker of UUIDs of version 7: ids sort by the time of making, across processes to the millisecond and
 * strictly within one maker, also when the clock is set back.
 *
 * Layout: 48 bits of milliseconds, 12 bits of counter, 62 random bits (RFC 9562, 5.7 and 6.2 method 1). The counter starts
 * each millisecond below half its range; when it runs over, the next millisecond is borrowed.
 */
export function createJobIds(
  clock: Clock = systemClock,
  fill: RandomFill = (buffer) => void randomFillSync(buffer),
): () => string {
  const pool = Buffer.allocUnsafe(IDS_PER_FILL * RANDOM_BYTES);
  const id = Buffer.from("00000000-0000-7000-8000-000000000000", "latin1");
  let used = IDS_PER_FILL;
  let lastMs = 0;
  let counter = 0;

  function turnTo(ms: number, seed: number): void {
    lastMs = ms;
    counter = seed & 0x7ff;
    const high = Math.floor(ms / 0x1_0000);
    for (let index = 0; index < 4; index++) writeByte(id, 2 * index, (high >>> (24 - 8 * index)) & 0xff);
    writeByte(id, 9, (ms >>> 8) & 0xff);
    writeByte(id, 11, ms & 0xff);
  }

  return function nextId(): string {
    if (used === IDS_PER_FILL) {
      fill(pool);
      used = 0;
    }
    const at = used++ * RANDOM_BYTES;
    const nowMs = clock.now();
    if (nowMs > lastMs) turnTo(nowMs, pool.readUInt16BE(at));
    else if (++counter > 0xfff) turnTo(lastMs + 1, pool.readUInt16BE(at));
    id[15] = LOW_DIGIT[counter >> 8] as number;
    writeByte(id, 16, counter & 0xff);
    for (let index = 0; index < RANDOM_BYTES; index++) {
      writeByte(id, (index < 2 ? 19 : 20) + 2 * index, pool[at + index] as number);
    }
    // The variant, two bits, stands before the 62 random ones.
    id[19] = LOW_DIGIT[8 | (((pool[at] as number) >> 4) & 3)] as number;
    // Flat at once: a string put together from parts would be flattened, and paid for, where it becomes a key.
    return id.toString("latin1");
  };
}

/** The two hexadecimal digits of every byte, as character codes. */
const HIGH_DIGIT: Uint8Array = digitCodes((byte) => byte >> 4);
const LOW_DIGIT: Uint8Array = digitCodes((byte) => byte & 15);

function digitCodes(digitOf: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => digitOf(byte).toString(16).charCodeAt(0));
}

function writeByte(target: Buffer, at: number, byte: number): void {
  target[at] = HIGH_DIGIT[byte] as number;
  target[at + 1] = LOW_DIGIT[byte] as number;
}

/** What an id given by a producer must look like. */
export const JOB_ID_PATTERN: RegExp = /^[A-Za-z0-9._:-]{1,128}$/;
