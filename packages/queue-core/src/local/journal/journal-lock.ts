import { readFileSync, readlinkSync } from "node:fs";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { errorCode, systemClock, takeFileLock } from "@chimera/dlq";

/** Who holds a journal, so that the next process here need not wait to see that it is dead. */
interface Owner {
  readonly pid: number;
  /** The host, and where the system tells it the set of processes, that `pid` means something in. */
  readonly place: string;
}

export interface JournalLock {
  /** Aborts when the lock was lost: the process stood still for so long that another may have taken it. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** Milliseconds to wait for a holder of whom nothing is known: longer than a dead one's hold lasts. */
const UNKNOWN_HOLDER_WAIT_MS = 7_000;

/**
 * Takes a journal for this process alone.
 *
 * A holder on this host that is alive is refused at once, one that is dead is replaced at once, and one elsewhere (another
 * container on a shared volume) is watched until its hold is renewed or stale.
 *
 * @throws DlqError `DLQ_LOCKED` (retryable)
 */
export async function takeJournalLock(directory: string): Promise<JournalLock> {
  const lockPath = join(directory, "lock");
  const ownerPath = join(directory, "owner.json");
  const holder = readOwner(ownerPath);
  const here = holder?.place === place();
  const alive = here && isAlive(holder.pid);
  if (here && !alive) await removeDeadLock(lockPath, ownerPath, holder);
  const lock = await takeFileLock(lockPath, {
    waitMs: alive ? 0 : UNKNOWN_HOLDER_WAIT_MS,
    clock: systemClock,
  });
  await writeFile(ownerPath, JSON.stringify({ pid: process.pid, place: place() } satisfies Owner), {
    mode: 0o600,
  });
  return {
    lost: lock.signal,
    async release() {
      // First: a name that outlived its hold would speak for the next holder, until that one has written its own.
      await rm(ownerPath, { force: true });
      await lock.release();
    },
  };
}

/** Removes the lock of a dead process, unless another process has taken it meanwhile. */
async function removeDeadLock(lockPath: string, ownerPath: string, holder: Owner): Promise<void> {
  const aside = `${lockPath}.${process.pid}`;
  try {
    const before = await stat(lockPath);
    const now = readOwner(ownerPath);
    if (now?.pid !== holder.pid || now.place !== holder.place) return;
    // A rename, since of several processes that saw the dead holder only one can move its lock away.
    await rename(lockPath, aside);
    const moved = await stat(aside);
    if (moved.ino === before.ino) await rm(aside, { recursive: true });
    else await rename(aside, lockPath);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

function readOwner(ownerPath: string): Owner | undefined {
  try {
    const { pid, place: where } = JSON.parse(readFileSync(ownerPath, "utf8")) as Partial<Owner>;
    return Number.isSafeInteger(pid) && typeof where === "string"
      ? { pid: pid as number, place: where }
      : undefined;
  } catch {
    // None, or one that a crash left half written: nothing is known of the holder.
    return undefined;
  }
}

function place(): string {
  return `${hostname()} ${processSpace()}`;
}

/** Two containers may share a host's name and count their processes apart. */
function processSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}
