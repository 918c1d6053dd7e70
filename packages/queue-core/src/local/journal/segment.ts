import { constants, writeSync } from "node:fs";
import { open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "@chimera/dlq";
import { QueueError } from "../../errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { beginFrame, endFrame, readFrame } from "./frame.ts";
import type { SegmentSink } from "./journal-writer.ts";

const NAME = /^(\d{10})\.journal$/;
/** The format that this release writes, and the newest that it reads. */
const LAYOUT = 1;
const MAGIC = "chimera queue journal";

/** What a segment says of itself in its first frame. */
export interface SegmentHead {
  readonly queueName: string;
  /** How often the journal had been opened; fences grow with it. */
  readonly opening: number;
}

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(10, "0")}.journal`);
}

/** The numbers of the segments in a directory, oldest first. */
export async function listSegments(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((left, right) => left - right);
}

/** The head of a segment, and where its entries begin; `undefined` when a crash left it unfinished. */
export function readSegmentHead(file: Buffer, path: string): { head: SegmentHead; end: number } | undefined {
  const frame = readFrame(file, 0);
  if (typeof frame === "string") return undefined;
  const from = new ByteReader(frame.payload);
  if (from.text() !== MAGIC)
    throw new QueueError("QUEUE_JOURNAL", `Expected ${path} to be a queue's journal`);
  const layout = from.varint();
  if (layout > LAYOUT) {
    throw new QueueError("QUEUE_LAYOUT_NEWER", `${path} was written by a newer release: layout ${layout}`);
  }
  return { head: { queueName: from.text(), opening: from.varint() }, end: frame.end };
}

/** One file of a journal that is being appended to. */
export class Segment implements SegmentSink {
  readonly number: number;
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(number: number, file: FileHandle, bytes: number) {
    this.number = number;
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Makes a new segment whose head and name survive a power cut. */
  static async create(directory: string, number: number, head: SegmentHead): Promise<Segment> {
    const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND } = constants;
    const file = await open(segmentPath(directory, number), O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0o600);
    try {
      const out = new ByteWriter();
      const start = beginFrame(out);
      out.text(MAGIC);
      out.varint(LAYOUT);
      out.text(head.queueName);
      out.varint(head.opening);
      endFrame(out, start);
      await file.appendFile(out.bytes());
      await file.sync();
      await syncDirectory(directory);
      return new Segment(number, file, out.length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Hands bytes to the operating system before it returns, and answers how many it took.
   *
   * Synchronous on purpose: into the page cache it costs microseconds, a fraction of a trip through the thread pool.
   */
  write(bytes: Buffer): number {
    const written = writeSync(this.#file.fd, bytes);
    this.#bytes += written;
    return written;
  }

  /** Resolves when what was written before the call survives a power cut. */
  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
