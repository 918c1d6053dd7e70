import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { DeadLetter, DeadLetterEnvelope } from "../dead-letter.ts";
import type {
  DeadLetterFilter,
  DeadLetterLock,
  DeadLetterStats,
  DeadLetterStore,
  StoredDeadLetter,
} from "../dead-letter-store.ts";
import { DlqError } from "../errors.ts";
import { compileFilter } from "../filter.ts";
import type { Environment } from "../foundation/environment.ts";
import { errorCode } from "../foundation/coded-error.ts";
import { createIntake } from "../intake.ts";
import { FileReplayCheckpoint, type ReplayCheckpoint } from "../replay/checkpoint.ts";
import { AppendFile } from "./append-file.ts";
import { STALE_MS, takeFileLock } from "./file-lock.ts";
import {
  fileStoreOptionsFromEnv,
  resolveFileStoreOptions,
  type FileDeadLetterStoreOptions,
  type ResolvedFileStoreOptions,
} from "./file-store-options.ts";
import { GroupCommit } from "./group-commit.ts";
import { encodeLetter, encodeMark, type Mark } from "./line-codec.ts";
import { listLog } from "./list-log.ts";
import { purgeLog } from "./purge-log.ts";
import { Retention, type RetentionCounts } from "./retention.ts";
import { rotate } from "./rotation.ts";
import { openSnapshot } from "./segments.ts";
import { tallyLog } from "./tally-log.ts";
import { toDlqError } from "./system-error.ts";
import { removeTemporaries } from "./temporary-file.ts";

/** Text that one append hands on at a time: a million letters must not become one string. */
const MAX_PIECE_LENGTH = 1_048_576;
/** Free bytes below which `ping` calls the disk full: room for one large letter. */
const MIN_FREE_BYTES = 1_048_576;
const DEFAULT_CLOSE_MS = 10_000;
/** Longer than a dead holder's hold lasts. */
const LOCK_WAIT_MS = STALE_MS + 1_000;

/**
 * Dead letters in a file of JSON lines, `dlq.jsonl`, that `jq` can read and several processes can share.
 *
 * `append`, `withdraw` and `markReplayed` resolve after an `fdatasync`, which everybody who calls at the same time
 * shares. What they acknowledged survives `kill -9` and, where the disk keeps its word, a power cut. The file is only
 * ever appended to; marks stand in it among the letters, so that their order is plain and a copy of the file is whole.
 * The constructor touches nothing: directory and file are made by the first call that writes.
 */
export class FileDeadLetterStore implements DeadLetterStore {
  readonly #options: ResolvedFileStoreOptions;
  readonly #intake: (letter: DeadLetter) => DeadLetter;
  readonly #file: AppendFile;
  readonly #retention: Retention;
  readonly #commits: GroupCommit;
  /** Appends with steps before or between their groups: closing waits for them as for the groups. */
  readonly #stepping = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  /** `<path>.replay.json`. */
  readonly checkpoint: ReplayCheckpoint;

  /** @throws DlqError `DLQ_INVALID` with every issue of the options. */
  constructor(options: FileDeadLetterStoreOptions = {}) {
    this.#options = resolveFileStoreOptions(options);
    this.#intake = createIntake(this.#options);
    this.#file = new AppendFile(this.#options.path, this.#options.logger);
    this.checkpoint = new FileReplayCheckpoint(`${this.#options.path}.replay.json`);
    this.#retention = new Retention(this.#options);
    this.#commits = new GroupCommit(async (group) => this.#commit(group));
  }

  /**
   * A store with the settings of the environment, each of which `overrides` may override.
   * @throws DlqError `DLQ_INVALID` with every issue of the environment, each as `NAME: expected …`.
   * @see fileStoreOptionsFromEnv for the names
   */
  static fromEnv(
    environment: Environment = process.env,
    overrides: FileDeadLetterStoreOptions = {},
  ): FileDeadLetterStore {
    return new FileDeadLetterStore({ ...fileStoreOptionsFromEnv(environment), ...overrides });
  }

  /** What rotation and retention have done since this store was made, in this process. */
  get retention(): RetentionCounts {
    return this.#retention.counts;
  }

  /** The absolute path of the file. */
  get path(): string {
    return this.#options.path;
  }

  // oxlint-disable-next-line typescript/promise-function-async -- one letter is to cost no promise but its group's
  append(letters: readonly DeadLetter[]): Promise<void> {
    try {
      this.#assertOpen();
      // All are looked at first: a wrong letter must not leave half an append behind.
      const safe = letters.map(this.#intake);
      return safe.length === 1
        ? this.#appendText(encodeLetter(safe[0] as DeadLetter))
        : this.#inSteps(async () => this.#appendAll(safe));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    await this.#appendMarks(ids.map((id) => ({ mark: "withdrawn", id })));
  }

  async markReplayed(letters: readonly Pick<DeadLetterEnvelope, "id" | "ts">[]): Promise<void> {
    await this.#appendMarks(letters.map(({ id, ts }) => ({ mark: "replayed", id, ts })));
  }

  async *list(
    filter?: DeadLetterFilter,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<StoredDeadLetter, void, void> {
    this.#assertOpen();
    const matches = compileFilter(filter);
    await using snapshot = await openSnapshot(this.path);
    yield* listLog(snapshot, matches, this.#untilClosed(signal));
  }

  async stats(filter?: DeadLetterFilter): Promise<DeadLetterStats> {
    this.#assertOpen();
    await using snapshot = await openSnapshot(this.path);
    return await tallyLog(snapshot, filter, this.#untilClosed());
  }

  async purge(filter: DeadLetterFilter): Promise<number> {
    this.#assertOpen();
    const matches = compileFilter(filter);
    const lock = await this.lock();
    try {
      const { path } = this;
      // First: they may be what fills the disk.
      await removeTemporaries(path);
      await rotate(path, { clock: this.#options.clock, waitMs: LOCK_WAIT_MS, isDue: () => true });
      await using snapshot = await openSnapshot(path);
      return await purgeLog(snapshot, path, matches, this.#untilClosed(lock.signal));
    } catch (error) {
      throw toDlqError(error, `purge ${this.path}`);
    } finally {
      await lock.release();
    }
  }

  async lock({ signal }: { readonly signal?: AbortSignal } = {}): Promise<DeadLetterLock> {
    this.#assertOpen();
    await this.#file.open();
    return takeFileLock(`${this.path}.lock`, {
      waitMs: LOCK_WAIT_MS,
      clock: this.#options.clock,
      signal: this.#untilClosed(signal),
    });
  }

  async ping(): Promise<void> {
    this.#assertOpen();
    try {
      await this.#file.assertWritable();
      const { bavail, bsize } = await statfs(dirname(this.path));
      if (bavail * bsize < MIN_FREE_BYTES) {
        throw new DlqError("DLQ_NO_SPACE", `The disk of ${this.path} is full`, { retryable: true });
      }
    } catch (error) {
      throw toDlqError(error, `reach ${this.path}`);
    }
  }

  async close({ deadlineMs = DEFAULT_CLOSE_MS }: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close();
    await Promise.race([this.#closed, this.#afterDeadline(deadlineMs)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #appendAll(letters: readonly DeadLetter[]): Promise<void> {
    for (const text of inPieces(letters, encodeLetter)) await this.#appendText(text);
  }

  // oxlint-disable-next-line typescript/promise-function-async -- as `append`
  #appendText(text: string): Promise<void> {
    if (this.#retention.hasRoomFor(text.length)) return this.#commits.add(text);
    return this.#inSteps(async () => {
      await this.#retention.makeRoom(text.length);
      await this.#commits.add(text);
    });
  }

  async #inSteps(append: () => Promise<void>): Promise<void> {
    const stepping = append().finally(() => this.#stepping.delete(stepping));
    this.#stepping.add(stepping);
    await stepping;
  }

  async #appendMarks(marks: readonly Mark[]): Promise<void> {
    this.#assertOpen();
    for (const text of inPieces(marks, encodeMark)) await this.#commits.add(text);
  }

  async #commit(group: Buffer): Promise<void> {
    const { size } = await this.#file.append(group);
    try {
      if (await this.#retention.settle(size)) await this.#file.close();
    } catch (error) {
      // The group is stored: what failed after it is tried again after the next.
      this.#options.logger.warn("dlq.retention_failed", { path: this.path, code: errorCode(error) });
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort(closedError());
    while (this.#stepping.size > 0) await Promise.allSettled(this.#stepping);
    await this.#commits.idle();
    await this.#file.close();
  }

  /** Whoever is still waiting then is refused; a write under way ends in the background, and the file after it. */
  async #afterDeadline(deadlineMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.schedule(() => {
        this.#commits.abandon(closedError());
        resolve();
      }, deadlineMs);
      const settle = (): void => {
        timer.cancel();
        resolve();
      };
      void this.#closed?.then(settle, settle);
    });
  }

  #untilClosed(signal?: AbortSignal): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw closedError();
  }
}

/** Lines joined into texts of a megabyte or a little more. */
function* inPieces<Item>(items: readonly Item[], encode: (item: Item) => string): Iterable<string> {
  let text = "";
  for (const item of items) {
    text += encode(item);
    if (text.length < MAX_PIECE_LENGTH) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

function closedError(): DlqError {
  return new DlqError("DLQ_CLOSED", "The dead-letter store was closed");
}
