import { open, unlink } from "node:fs/promises";
import { DlqError } from "../errors.ts";
import { isMoment } from "../dead-letter-check.ts";
import { errorCode } from "../foundation/coded-error.ts";
import type { ResolvedFileStoreOptions } from "./file-store-options.ts";
import { LineFields, LineKind } from "./line-fields.ts";
import { LineReader } from "./line-reader.ts";
import { endOfLine, windowsForward } from "./line-windows.ts";
import { rotate } from "./rotation.ts";
import { lookUp, rotatedSegments, type OpenSegment, type RotatedSegment } from "./segments.ts";
import { toDlqError } from "./system-error.ts";

const AGE_CHECK_MS = 60_000;
/** Of `maxAgeMs`: a file is rotated when its first letter is this old, so that it can be dropped as a whole. */
const ROTATE_AT_AGE = 0.5;
/** The start of a first line, enough for its `ts`. */
const FIRST_LINE_BYTES = 8_192;

/** What retention has done since the store was made. */
export interface RetentionCounts {
  readonly rotations: number;
  readonly droppedFiles: number;
  /** Letters in dropped files, those that later ones had replaced included. */
  readonly droppedLetters: number;
  readonly droppedBytes: number;
}

type RetentionOptions = Pick<
  ResolvedFileStoreOptions,
  "path" | "rotateBytes" | "maxBytes" | "whenFull" | "maxAgeMs" | "clock" | "logger"
>;

/**
 * Keeps the files of a log within their size, number of bytes and age. Looked at with each append; there is no timer.
 *
 * Several processes may do the same at the same time: each limit may be passed by what the others append meanwhile.
 */
export class Retention {
  readonly #options: RetentionOptions;
  /** Bytes of the rotated files when they were last looked at; unknown is too many. */
  #rotatedBytes = Infinity;
  /** Bytes of the file itself after the last append. */
  #activeBytes = 0;
  #makingRoom: Promise<void> = Promise.resolve();
  #ageCheckedAt = -Infinity;
  #counts: RetentionCounts = { rotations: 0, droppedFiles: 0, droppedLetters: 0, droppedBytes: 0 };

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  get counts(): RetentionCounts {
    return this.#counts;
  }

  /** Whether letters of so many bytes fit in, as far as is known. */
  hasRoomFor(bytes: number): boolean {
    const { maxBytes } = this.#options;
    return maxBytes === Infinity || this.#rotatedBytes + this.#activeBytes + bytes <= maxBytes;
  }

  /**
   * Makes room for letters of so many bytes, where {@link hasRoomFor} sees none.
   * @throws DlqError `DLQ_FULL` (retryable) under `block`, or when there is no rotated file left to drop.
   */
  async makeRoom(bytes: number): Promise<void> {
    // One at a time: two that drop the oldest file must not drop the next oldest as well.
    this.#makingRoom = this.#makingRoom.then(async () => this.#dropUntilRoomFor(bytes));
    const admitted = this.#makingRoom;
    this.#makingRoom = admitted.catch(() => undefined);
    try {
      await admitted;
    } catch (error) {
      throw toDlqError(error, `make room in ${this.#options.path}`);
    }
  }

  async #dropUntilRoomFor(bytes: number): Promise<void> {
    const { path, maxBytes, whenFull } = this.#options;
    let [oldest] = await this.#look();
    while (oldest !== undefined && !this.hasRoomFor(bytes)) {
      if (whenFull === "block") break;
      await this.#drop(oldest);
      // Others drop and purge too: what is there now is known by looking alone.
      [oldest] = await this.#look();
    }
    if (this.hasRoomFor(bytes)) return;
    throw new DlqError("DLQ_FULL", `The dead letters in ${path} have reached ${maxBytes} bytes`, {
      retryable: true,
    });
  }

  /** Looks after an append at whether the file, now of `size` bytes, is due. Answers whether it was rotated. */
  async settle(size: number): Promise<boolean> {
    this.#activeBytes = size;
    const isAgeDue = await this.#checkAge();
    return (size >= this.#options.rotateBytes || isAgeDue) && (await this.#rotate(size, isAgeDue));
  }

  async #rotate(size: number, isAgeDue: boolean): Promise<boolean> {
    const { path, rotateBytes, clock, logger } = this.#options;
    try {
      const isDue = (file: { readonly size: number }): boolean => isAgeDue || file.size >= rotateBytes;
      if (!(await rotate(path, { clock, waitMs: 0, isDue }))) return false;
    } catch (error) {
      // Another process is at it, or died at it: a file that grows a little more hurts nothing.
      if (errorCode(error) !== "DLQ_LOCKED")
        logger.warn("dlq.rotation_failed", { path, code: errorCode(error) });
      return false;
    }
    this.#counts = { ...this.#counts, rotations: this.#counts.rotations + 1 };
    this.#rotatedBytes += size;
    this.#activeBytes = 0;
    return true;
  }

  /** Drops what is too old, at most once a minute. Answers whether the file itself should be rotated for its age. */
  async #checkAge(): Promise<boolean> {
    const { path, maxAgeMs, clock } = this.#options;
    if (maxAgeMs === Infinity || clock.monotonic() - this.#ageCheckedAt < AGE_CHECK_MS) return false;
    this.#ageCheckedAt = clock.monotonic();
    for (const file of await this.#look()) {
      if (file.mtimeMs >= clock.now() - maxAgeMs) break;
      await this.#drop(file);
    }
    const firstTs = await firstMoment(path);
    return firstTs !== undefined && Date.parse(firstTs) < clock.now() - maxAgeMs * ROTATE_AT_AGE;
  }

  async #drop(file: SizedSegment): Promise<void> {
    const letters = await deleteCounted(file);
    if (letters === undefined) return;
    const { droppedFiles, droppedLetters, droppedBytes } = this.#counts;
    this.#rotatedBytes -= file.size;
    this.#counts = {
      ...this.#counts,
      droppedFiles: droppedFiles + 1,
      droppedLetters: droppedLetters + letters,
      droppedBytes: droppedBytes + file.size,
    };
    this.#options.logger.warn("dlq.dropped", { path: file.path, letters, bytes: file.size });
  }

  /** The rotated files, oldest first; from here on their bytes, and those of the file, are known. */
  async #look(): Promise<SizedSegment[]> {
    const files = await rotatedSegments(this.#options.path);
    const sized = await Promise.all(
      files.map(async ({ number, path }) => {
        const found = await lookUp(path);
        return found && { number, path, size: found.size, mtimeMs: found.mtimeMs };
      }),
    );
    const present = sized.filter((file) => file !== undefined);
    this.#rotatedBytes = present.reduce((sum, { size }) => sum + size, 0);
    this.#activeBytes = (await lookUp(this.#options.path))?.size ?? 0;
    return present;
  }
}

interface SizedSegment extends RotatedSegment {
  readonly size: number;
  readonly mtimeMs: number;
}

async function firstMoment(path: string): Promise<string | undefined> {
  const handle = await open(path, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(FIRST_LINE_BYTES), 0, FIRST_LINE_BYTES, 0);
    const ts = /"ts":"([^"]+)"/.exec(buffer.toString("latin1", 0, bytesRead))?.[1];
    return isMoment(ts) ? ts : undefined;
  } finally {
    await handle.close();
  }
}

/** Deletes a file and answers how many letters it held; `undefined` when another process was there first. */
async function deleteCounted({ path, size }: SizedSegment): Promise<number | undefined> {
  try {
    await using handle = await open(path, "r");
    const letters = await countLetters({ path, handle, size });
    // Counting took a while: the name may be another file's by now, and that one's letters are not too old.
    if ((await handle.stat()).nlink === 0) return undefined;
    await unlink(path);
    return letters;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function countLetters(segment: OpenSegment): Promise<number> {
  const reader = new LineReader();
  const line = new LineFields();
  let letters = 0;
  for await (const window of windowsForward(segment)) {
    reader.use(window.bytes);
    for (let start = 0; start < window.end; start = line.end + 1) {
      reader.read(start, endOfLine(window, start), line);
      if (line.kind === LineKind.letter) letters++;
    }
  }
  return letters;
}
