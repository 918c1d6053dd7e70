import { constants, lstatSync, writeSync, type BigIntStats } from "node:fs";
import { access, mkdir, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { DlqError } from "../errors.ts";
import { systemClock } from "../foundation/clock.ts";
import { errorCode } from "../foundation/coded-error.ts";
import type { Logger } from "../foundation/logger.ts";
import { toDlqError } from "./system-error.ts";
import { syncDirectory } from "./sync-directory.ts";

const NEWLINE = 10;
const LINE_BREAK = Buffer.from("\n");
/** Bytes that are written on this thread: a write into the system's memory takes 10 us, a trip to another thread 50. */
const MAX_BYTES_ON_THE_SPOT = 65_536;
/** Milliseconds after which a write was kept waiting by the disk, and how many others are then left to another thread. */
const SLOW_MS = 1;
const WRITES_AFTER_SLOW = 64;
/** A group is written again, rather than looked for, when more than this was written beside it. */
const MAX_SEARCH_BYTES = 4 * 1_048_576;
/** A group that is overtaken by a rotation this often in a row has met something else than rotations. */
const MAX_TRIES = 10;
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

interface OpenFile {
  readonly handle: FileHandle;
  readonly dev: bigint;
  readonly ino: bigint;
  /** Up to here the file is known to consist of whole lines; `undefined` after a failure. */
  wholeTo: number | undefined;
}

/** What the file was like right after a group was stored in it. */
export interface Stored {
  readonly size: number;
}

/**
 * Appends groups of whole lines to a file that other processes append to as well, and may rename away.
 *
 * Every group is one `write` with `O_APPEND`, which Linux and macOS keep in one piece. Three things are looked at
 * after it and before its `fdatasync` counts, so that no answer rests on what was true before the write:
 *
 * - the name still leads to this file: else a purge may have read it before the group came, and the group is
 *   written once more to the new file (a letter stored twice is one letter);
 * - the group starts a line: else a process died in the middle of its own write just before, and the group is
 *   written once more after a line break;
 * - the write was not short: else the rest is written again from the start of its torn line.
 *
 * Appends must not overlap; everything else may be called beside them.
 */
export class AppendFile {
  readonly #path: string;
  readonly #logger: Logger;
  #file: OpenFile | undefined;
  /** Calls that need the file at the same time share its opening: of two handles one would be forgotten. */
  #opening: Promise<OpenFile> | undefined;
  #writesElsewhere = 0;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** Opens the file, made with mode 0600 in a directory of mode 0700 where it is missing. Idempotent. */
  async open(): Promise<void> {
    await this.#opened();
  }

  /** Rejects when the next append could not write to the file, or could not make it anew where it is gone. */
  async assertWritable(): Promise<void> {
    await this.open();
    try {
      // Unlike the open file, the name is refused when the file system was mounted again read-only.
      await access(this.#path, constants.W_OK);
    } catch (error) {
      // A symlink that leads nowhere is in the way of a new file.
      if (errorCode(error) !== "ENOENT" || this.#lookUp()?.isSymbolicLink() === true) throw error;
      const directory = dirname(this.#path);
      await makeDirectory(directory);
      await access(directory, constants.W_OK | constants.X_OK);
    }
  }

  /** Resolves when the group is on disk. The group must end with a line break. */
  async append(group: Buffer): Promise<Stored> {
    try {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const size = await this.#tryAppend(this.#file ?? (await this.#opened()), group);
        if (size !== undefined) return { size };
      }
    } catch (error) {
      // What the disk holds now is unknown, and a failed `fdatasync` must not be asked again: Linux marks the
      // pages clean all the same (P. Chidambaram et al., "Can Applications Recover from fsync Failures?", 2020).
      await this.close();
      throw toDlqError(error, `append to ${this.#path}`);
    }
    throw new DlqError("DLQ_UNAVAILABLE", `${this.#path} was replaced ${MAX_TRIES} times during one append`, {
      retryable: true,
    });
  }

  async close(): Promise<void> {
    if (this.#opening !== undefined) await this.#opening.catch(() => undefined);
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  /** The file's size with the group in it, or `undefined` when the group has to be written again. */
  async #tryAppend(file: OpenFile, group: Buffer): Promise<number | undefined> {
    const base = file.wholeTo ?? (await file.handle.stat()).size;
    const led = file.wholeTo === undefined;
    const written = led ? Buffer.concat([LINE_BREAK, group]) : group;
    file.wholeTo = undefined;
    if (!(await this.#writeWhole(file.handle, written))) return undefined;
    const now = this.#lookUp();
    await file.handle.datasync();
    if (now === undefined || now.ino !== file.ino || now.dev !== file.dev) {
      await this.close();
      return undefined;
    }
    const size = Number(now.size);
    file.wholeTo =
      size === base + written.length ? size : await endOfGroup(file.handle, group, base, size, led);
    // A group that was led by a line break starts a line wherever it stands.
    return file.wholeTo === undefined && !led ? undefined : size;
  }

  /** One write. False when it was short, and the lines it did not store whole have to be written again. */
  async #writeWhole(handle: FileHandle, bytes: Buffer): Promise<boolean> {
    if (bytes.length > MAX_BYTES_ON_THE_SPOT || this.#writesElsewhere > 0) {
      this.#writesElsewhere = Math.max(0, this.#writesElsewhere - 1);
      return (await handle.write(bytes, 0, bytes.length, null)).bytesWritten === bytes.length;
    }
    const startedAt = systemClock.monotonic();
    const bytesWritten = writeSync(handle.fd, bytes, 0, bytes.length, null);
    if (systemClock.monotonic() - startedAt > SLOW_MS) this.#writesElsewhere = WRITES_AFTER_SLOW;
    return bytesWritten === bytes.length;
  }

  /** On this thread: it takes 2 us where a trip to a thread and back takes ten times as long. */
  #lookUp(): BigIntStats | undefined {
    return lstatSync(this.#path, { bigint: true, throwIfNoEntry: false });
  }

  async #opened(): Promise<OpenFile> {
    if (this.#file !== undefined) return this.#file;
    this.#opening ??= this.#openFile()
      .then((file) => (this.#file = file))
      .finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #openFile(): Promise<OpenFile> {
    const directory = dirname(this.#path);
    await makeDirectory(directory);
    let handle: FileHandle;
    try {
      handle = await open(this.#path, FLAGS, 0o600);
    } catch (error) {
      throw toDlqError(error, `open ${this.#path} (a symlink is refused)`);
    }
    try {
      const { dev, ino, size, mode } = await handle.stat({ bigint: true });
      if ((mode & BigInt(constants.S_IFMT)) !== BigInt(constants.S_IFREG)) {
        throw new DlqError("DLQ_NOT_WRITABLE", `Expected ${this.#path} to be a regular file`);
      }
      if ((mode & 0o077n) !== 0n) this.#logger.warn("dlq.file_open_to_others", { path: this.#path });
      if (size === 0n) await syncDirectory(directory);
      const wholeTo = (await endsWithLineBreak(handle, Number(size))) ? Number(size) : undefined;
      return { handle, dev, ino, wholeTo };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

async function makeDirectory(directory: string): Promise<void> {
  let first: string | undefined;
  try {
    first = await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DlqError("DLQ_NO_DIRECTORY", `Could not make the directory ${directory}`, { cause: error });
  }
  if (first === undefined) return;
  // Each that was made is a name in the one above it.
  for (let made = directory; made.length >= first.length; made = dirname(made)) {
    await syncDirectory(dirname(made));
  }
}

async function endsWithLineBreak(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === NEWLINE;
}

/** Where a group ends that starts a line somewhere from `base` on, or `undefined` when it is not to be found there. */
async function endOfGroup(
  handle: FileHandle,
  group: Buffer,
  base: number,
  size: number,
  led: boolean,
): Promise<number | undefined> {
  if (size - base > MAX_SEARCH_BYTES + group.length || size < base) return undefined;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - base), 0, size - base, base);
  const region = buffer.subarray(0, bytesRead);
  if (!led && region.subarray(0, group.length).equals(group)) return base + group.length;
  const at = region.indexOf(Buffer.concat([LINE_BREAK, group]));
  return at === -1 ? undefined : base + at + 1 + group.length;
}
