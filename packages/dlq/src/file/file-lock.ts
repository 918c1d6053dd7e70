import { DlqError } from "../errors.ts";
import type { DeadLetterLock } from "../dead-letter-store.ts";
import { sleep, type Clock } from "../foundation/clock.ts";
import { errorCode } from "../foundation/coded-error.ts";
import { toDlqError } from "./system-error.ts";

/** A hold that was not renewed for this long is taken to be a dead process's. */
export const STALE_MS = 5_000;
/** How often a hold is renewed. */
const RENEW_MS = 1_000;
const ASK_AGAIN_MS = 200;

/** How to take a lock. */
export interface FileLockOptions {
  /** Milliseconds to wait for another holder, >= 0. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes the lock at `lockPath`, a directory that is made, since making one is atomic on every file system, NFS too,
 * and that is touched every second.
 *
 * `proper-lockfile` does it. It has been quiet since 2021, and is still the choice: what is kept newer either needs a
 * compiler at install (`fs-ext`, `os-lock`, for `flock`) or knows no dead holders. It is loaded at the first lock:
 * it listens to exit signals, which a process that only appends has no need of.
 * @throws DlqError `DLQ_LOCKED` (retryable) when another holds it for all of `waitMs`; the signal's reason.
 */
export async function takeFileLock(
  lockPath: string,
  { waitMs, clock, signal }: FileLockOptions,
): Promise<DeadLetterLock> {
  const { default: lockfile } = await import("proper-lockfile");
  const lost = new AbortController();
  const until = clock.monotonic() + waitMs;
  for (;;) {
    try {
      const unlock = await lockfile.lock(lockPath, {
        lockfilePath: lockPath,
        realpath: false,
        stale: STALE_MS,
        update: RENEW_MS,
        retries: 0,
        onCompromised: () => {
          lost.abort(new DlqError("DLQ_LOCKED", `The lock ${lockPath} was lost`, { retryable: true }));
        },
      });
      return { signal: lost.signal, release: onlyOnce(unlock) };
    } catch (error) {
      if (errorCode(error) !== "ELOCKED") throw toDlqError(error, `lock ${lockPath}`);
      if (clock.monotonic() >= until) {
        throw new DlqError("DLQ_LOCKED", `Another process holds ${lockPath}`, { retryable: true });
      }
      await sleep(clock, ASK_AGAIN_MS, signal);
    }
  }
}

function onlyOnce(unlock: () => Promise<void>): () => Promise<void> {
  let released: Promise<void> | undefined;
  return async () => {
    // A hold that was lost belongs to somebody else: there is nothing to give back.
    released ??= unlock().catch(() => undefined);
    await released;
  };
}
