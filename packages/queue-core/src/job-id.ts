import { randomFillSync } from "node:crypto";
import { systemClock, type Clock } from "@chimera/dlq";

/** Ids drawn from one fill of the pool of random bytes: a system call for each would cost more than the id. */
const IDS_PER_FILL = 512;
const RANDOM_BYTES = 8;
const VARIANT = "89ab";

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
  let hex = "";
  let used = IDS_PER_FILL;
  let lastMs = 0;
  let counter = 0;
  let prefix = "";

  function turnTo(ms: number): void {
    lastMs = ms;
    counter = Number.parseInt(hex.slice(used * 16, used * 16 + 3), 16) & 0x7ff;
    const time = ms.toString(16).padStart(12, "0");
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
  }

  return function nextId(): string {
    if (used === IDS_PER_FILL) {
      fill(pool);
      hex = pool.toString("hex");
      used = 0;
    }
    const nowMs = clock.now();
    if (nowMs > lastMs) turnTo(nowMs);
    else if (++counter > 0xfff) turnTo(lastMs + 1);
    const at = used++ * 16;
    const variant = VARIANT[hex.charCodeAt(at) & 3] as string;
    return `${prefix}${HEX3[counter]}-${variant}${hex.slice(at + 1, at + 4)}-${hex.slice(at + 4, at + 16)}`;
  };
}

/** Every counter value as three hexadecimal digits. */
const HEX3: readonly string[] = Array.from({ length: 0x1000 }, (_, value) =>
  value.toString(16).padStart(3, "0"),
);

/** What an id given by a producer must look like. */
export const JOB_ID_PATTERN: RegExp = /^[A-Za-z0-9._:-]{1,128}$/;
