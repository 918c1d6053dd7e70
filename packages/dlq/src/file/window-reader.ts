import { read, readSync } from "node:fs";
import { DlqError } from "../errors.ts";
import { systemClock, type Clock } from "../foundation/clock.ts";
import type { OpenSegment } from "./segments.ts";

/** Reads in a row that may be made on the spot: the event loop gets a turn at least every 4 MiB, some 3 ms of counting. */
const READS_ON_THE_SPOT = 16;
/** Milliseconds after which a read was not served from memory: one that is takes about 0.05. */
const SLOW_MS = 1;

/** What was read, or a promise of it. */
export type ReadBytes = Buffer | Promise<Buffer>;

/**
 * Reads into two buffers in turn, so that one can be looked at while the other is filled.
 *
 * What the system holds in memory is read on the spot: to hand a read to another thread and to hear of its end takes
 * longer than the read. Every few reads, and for a while after one that the disk kept waiting, another thread reads, so
 * that a service which scans a log goes on answering.
 */
export class WindowReader {
  readonly #segment: OpenSegment;
  readonly #clock: Clock;
  readonly #buffers: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
  #turn: 0 | 1 = 0;
  /** Reads still to be made on the spot; below zero, by another thread. */
  #onTheSpot = READS_ON_THE_SPOT;

  constructor(segment: OpenSegment, clock: Clock = systemClock) {
    this.#segment = segment;
    this.#clock = clock;
  }

  /** The bytes at `position`: all that were wanted, or up to the end of the segment. */
  read(position: number, wanted: number): ReadBytes {
    const buffer = this.#nextBuffer(Math.max(0, Math.min(wanted, this.#segment.size - position)));
    if (this.#onTheSpot <= 0) {
      this.#onTheSpot = this.#onTheSpot === 0 ? READS_ON_THE_SPOT : this.#onTheSpot + 1;
      const reading = this.#readElsewhere(buffer, position);
      // Whoever reads ahead asks for the bytes later: an error waits for them, and must not end the process until then.
      reading.catch(() => undefined);
      return reading;
    }
    const startedAt = this.#clock.monotonic();
    this.#readOnTheSpot(buffer, position);
    const isSlow = this.#clock.monotonic() - startedAt > SLOW_MS;
    this.#onTheSpot = isSlow ? -READS_ON_THE_SPOT : this.#onTheSpot - 1;
    return buffer;
  }

  #nextBuffer(length: number): Buffer {
    const turn = this.#turn;
    this.#turn = turn === 0 ? 1 : 0;
    if (this.#buffers[turn].length < length) this.#buffers[turn] = Buffer.allocUnsafeSlow(length);
    return this.#buffers[turn].subarray(0, length);
  }

  #readOnTheSpot(buffer: Buffer, position: number): void {
    const { fd } = this.#segment.handle;
    for (let filled = 0; filled < buffer.length;) {
      const bytesRead = readSync(fd, buffer, filled, buffer.length - filled, position + filled);
      filled += this.#assertSome(bytesRead);
    }
  }

  async #readElsewhere(buffer: Buffer, position: number): Promise<Buffer> {
    for (let filled = 0; filled < buffer.length;) {
      const bytesRead = await this.#readOnce(buffer, filled, position + filled);
      filled += this.#assertSome(bytesRead);
    }
    return buffer;
  }

  /** Not by the handle's own method: the objects it makes for a read cost as much as looking at what was read. */
  async #readOnce(buffer: Buffer, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#segment.handle.fd, buffer, offset, buffer.length - offset, position, (error, bytesRead) => {
        if (error === null) resolve(bytesRead);
        else reject(error);
      });
    });
  }

  #assertSome(bytesRead: number): number {
    if (bytesRead > 0) return bytesRead;
    throw new DlqError(
      "DLQ_UNAVAILABLE",
      `Another program cut ${this.#segment.path} short while it was read`,
      {
        retryable: true,
      },
    );
  }
}
