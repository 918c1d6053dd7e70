import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { Stats } from "node:fs";
import type { Clock } from "../foundation/clock.ts";
import { errorCode } from "../foundation/coded-error.ts";
import { takeFileLock } from "./file-lock.ts";
import { lookUp, rotatedPath, rotatedSegments } from "./segments.ts";
import { syncDirectory } from "./sync-directory.ts";

/** How to rotate. */
export interface RotationOptions {
  readonly clock: Clock;
  /** Milliseconds to wait while another process rotates, >= 0. */
  readonly waitMs: number;
  /** Asked about the file once the lock is held: another process may have rotated it by then. */
  readonly isDue: (file: Stats) => boolean;
}

/**
 * Renames the file to the next number, so that the next append begins a new one. Answers whether it did.
 *
 * Writers need no lock: each looks after its write whether the name still leads to its file, and writes again if not.
 * @throws DlqError `DLQ_LOCKED` (retryable) when another process was rotating for all of `waitMs`.
 */
export async function rotate(path: string, { clock, waitMs, isDue }: RotationOptions): Promise<boolean> {
  const lock = await takeFileLock(`${path}.rotate.lock`, { clock, waitMs });
  try {
    const file = await lookUp(path);
    if (file === undefined || file.size === 0 || !isDue(file)) return false;
    await rename(path, await reserve(path));
    await syncDirectory(dirname(path));
    return true;
  } finally {
    await lock.release();
  }
}

/** Makes the next number's file, empty. Renaming replaces it: two processes can never rename to the same name. */
async function reserve(path: string): Promise<string> {
  for (let number = ((await rotatedSegments(path)).at(-1)?.number ?? 0) + 1; ; number++) {
    const reserved = rotatedPath(path, number);
    try {
      const handle = await open(reserved, "wx", 0o600);
      await handle.close();
      return reserved;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}
