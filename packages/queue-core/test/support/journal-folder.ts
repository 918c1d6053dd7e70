import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Folders for the journals of one test, all removed with it. */
export class JournalFolders implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), "chimera-journal-"));
  #made = 0;

  /** A path where nothing is yet. */
  fresh(): string {
    return join(this.#root, String(++this.#made));
  }

  /**
   * The folder as a `kill -9` of its process at this instant would leave it: what was written is there, and nobody
   * holds the lock.
   */
  afterKill(directory: string): string {
    const copy = this.fresh();
    cpSync(directory, copy, { recursive: true });
    rmSync(join(copy, "lock"), { recursive: true, force: true });
    rmSync(join(copy, "owner.json"), { force: true });
    return copy;
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** The paths of a journal's segments, oldest first. */
export function segmentsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".journal"))
    .toSorted()
    .map((name) => join(directory, name));
}
