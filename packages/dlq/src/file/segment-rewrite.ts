import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { DlqError } from "../errors.ts";
import type { OpenSegment } from "./segments.ts";
import { syncDirectory } from "./sync-directory.ts";
import { temporaryPath } from "./temporary-file.ts";

const COPY_BYTES = 1_048_576;
const LINE_BREAK = Buffer.from("\n");

/**
 * A rotated file on its way to a shorter one: told of its lines in order, which stay and which go.
 *
 * Nothing is written before the first line goes. The new file takes the old one's name only when it is on disk, so a
 * crash leaves the old one, or the new one, and at most a `.tmp` beside it, which the
 * next purge removes.
 */
export class SegmentRewrite implements AsyncDisposable {
  readonly #segment: OpenSegment;
  readonly #temporaryPath: string;
  #output: FileHandle | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #position = 0;
  #keptBytes = 0;

  constructor(segment: OpenSegment) {
    this.#segment = segment;
    this.#temporaryPath = temporaryPath(segment.path);
  }

  /** The line from `start` to `end`, its line break left out, stays. */
  async keep(bytes: Buffer, start: number, end: number): Promise<void> {
    const length = end - start + 1;
    this.#position += length;
    this.#keptBytes += length;
    if (this.#output === undefined) return;
    this.#pending.push(Buffer.from(bytes.subarray(start, end)), LINE_BREAK);
    this.#pendingBytes += length;
    if (this.#pendingBytes >= COPY_BYTES) await this.#flush(this.#output);
  }

  /** The next line, of so many bytes with its line break, goes. */
  async drop(length: number): Promise<void> {
    if (this.#output === undefined) {
      this.#output = await open(this.#temporaryPath, "wx", 0o600);
      await this.#copyUpTo(this.#position, this.#output);
    }
    this.#position += length;
  }

  /** Puts the shorter file in the place of the old one, and nothing in the place of one that lost every line. */
  async finish(): Promise<void> {
    if (this.#output === undefined) return;
    await this.#flush(this.#output);
    await this.#output.datasync();
    if (this.#keptBytes === 0) await rm(this.#segment.path, { force: true });
    else await rename(this.#temporaryPath, this.#segment.path);
    await syncDirectory(dirname(this.#segment.path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#output === undefined) return;
    await this.#output.close();
    await rm(this.#temporaryPath, { force: true });
  }

  async #copyUpTo(to: number, output: FileHandle): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(COPY_BYTES, to));
    for (let from = 0; from < to;) {
      const { bytesRead } = await this.#segment.handle.read(
        buffer,
        0,
        Math.min(buffer.length, to - from),
        from,
      );
      if (bytesRead === 0) throw new DlqError("DLQ_UNAVAILABLE", `${this.#segment.path} was cut short`);
      await output.writeFile(buffer.subarray(0, bytesRead));
      from += bytesRead;
    }
  }

  async #flush(output: FileHandle): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    await output.writeFile(bytes);
  }
}
