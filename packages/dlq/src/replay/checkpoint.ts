import { open, readFile, rename, rm, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { DlqError } from "../errors.ts";
import { errorCode } from "../foundation/coded-error.ts";
import { syncDirectory } from "../file/sync-directory.ts";
import { toDlqError } from "../file/system-error.ts";
import { temporaryPath } from "../file/temporary-file.ts";

/** What a replay needs to know to go on after its process died: its beginning, and its counts so far. */
export interface ReplayProgress {
  /** When this replay began, ISO 8601 in UTC with milliseconds: letters given up since then are not its own. */
  readonly startedAt: string;
  /** Letters that the target took now. */
  readonly taken: number;
  /** Letters that the target had taken before. */
  readonly duplicates: number;
  /** Letters that failed again and went back with their history. */
  readonly failed: number;
  /** Letters that had been replayed `maxReplays` times and were left alone. */
  readonly skipped: number;
}

/** What identifies a replay: another target or filter is another replay. */
export interface ReplayIdentity {
  readonly target: string;
  readonly filter: string;
}

/** Where a replay notes how far it is. */
export interface ReplayCheckpoint {
  /** What an unfinished replay of this identity had noted, if any. */
  load(identity: ReplayIdentity): Promise<ReplayProgress | undefined>;
  /** Resolves when it would survive the end of this process. */
  save(identity: ReplayIdentity, progress: ReplayProgress): Promise<void>;
  /** The replay is done; resolves when that would survive the end of this process. */
  clear(): Promise<void>;
}

interface CheckpointFile extends ReplayIdentity {
  readonly v: 1;
  readonly progress: ReplayProgress;
}

/** A checkpoint in a small file that is replaced as a whole and synced, so that any crash leaves an old or a new one. */
export class FileReplayCheckpoint implements ReplayCheckpoint {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async load(identity: ReplayIdentity): Promise<ReplayProgress | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, "utf8");
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw toDlqError(error, `read ${this.#path}`);
    }
    const found = parseCheckpoint(text);
    if (found === undefined) {
      throw new DlqError(
        "DLQ_INVALID",
        `${this.#path} is not a replay's checkpoint; remove it to begin anew`,
      );
    }
    const isSame = found.target === identity.target && found.filter === identity.filter;
    return isSame ? found.progress : undefined;
  }

  async save(identity: ReplayIdentity, progress: ReplayProgress): Promise<void> {
    const temporary = temporaryPath(this.#path);
    const file: CheckpointFile = { v: 1, ...identity, progress };
    try {
      const handle = await open(temporary, "wx", 0o600);
      try {
        await handle.writeFile(`${JSON.stringify(file)}\n`);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await rename(temporary, this.#path);
      await syncDirectory(dirname(this.#path));
    } catch (error) {
      await rm(temporary, { force: true });
      throw toDlqError(error, `write ${this.#path}`);
    }
  }

  async clear(): Promise<void> {
    try {
      await unlink(this.#path);
      // A note that came back after a power cut would make the next replay go on from one that was done.
      await syncDirectory(dirname(this.#path));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw toDlqError(error, `remove ${this.#path}`);
    }
  }
}

/** Notes nothing: a replay that was cut short begins anew, and skips what is marked all the same. */
export const noCheckpoint: ReplayCheckpoint = {
  load: async () => undefined,
  save: async () => {},
  clear: async () => {},
};

function parseCheckpoint(text: string): CheckpointFile | undefined {
  try {
    const file = JSON.parse(text) as Partial<CheckpointFile> | null;
    const isOne = file?.v === 1 && typeof file.progress?.startedAt === "string";
    return isOne ? (file as CheckpointFile) : undefined;
  } catch {
    return undefined;
  }
}
