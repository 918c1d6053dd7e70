import { constants, type Stats } from "node:fs";
import { lstat, open, readdir, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DlqError } from "../errors.ts";
import { errorCode } from "../foundation/coded-error.ts";

/** A rotated file, `dlq.jsonl.000001` and so on: the larger the number, the younger its letters. */
export interface RotatedSegment {
  readonly number: number;
  readonly path: string;
}

/** A file of the log, open for reading. */
export interface OpenSegment {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes it had when it was opened: what came later is not looked at. */
  readonly size: number;
}

/** All files of the log as they stood at one moment, oldest first. */
export interface LogSnapshot extends AsyncDisposable {
  readonly segments: readonly OpenSegment[];
}

const MAX_TRIES = 20;

/** The path of a rotated file. */
export function rotatedPath(path: string, number: number): string {
  return `${path}.${String(number).padStart(6, "0")}`;
}

/** The rotated files of a log, oldest first. A missing directory has none. */
export async function rotatedSegments(path: string): Promise<RotatedSegment[]> {
  const directory = dirname(path);
  const prefix = `${basename(path)}.`;
  const names = await readdir(directory).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => name.startsWith(prefix) && /^\d{6,}$/.test(name.slice(prefix.length)))
    .map((name) => ({ number: Number(name.slice(prefix.length)), path: join(directory, name) }))
    .toSorted((one, other) => one.number - other.number);
}

/** What a path leads to without following a symlink, or `undefined` when it leads nowhere. */
export async function lookUp(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Opens all files of a log at one moment.
 *
 * Youngest first: a purge rewrites the oldest first, so whoever sees a file without its marks also sees the older
 * ones without the letters that those marks were for. When a rotation came between, it starts again.
 */
export async function openSnapshot(path: string): Promise<LogSnapshot> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const rotated = await rotatedSegments(path);
    const opened: OpenSegment[] = [];
    const close = async (): Promise<void> => {
      await Promise.all(opened.map(async ({ handle }) => handle.close()));
    };
    try {
      for (const each of [path, ...rotated.map((segment) => segment.path).toReversed()]) {
        const segment = await openSegment(each);
        if (segment !== undefined) opened.unshift(segment);
      }
      if (await stillTheSame(path, rotated, opened)) {
        return { segments: opened, [Symbol.asyncDispose]: close };
      }
    } catch (error) {
      await close();
      throw error;
    }
    await close();
  }
  throw new DlqError(
    "DLQ_UNAVAILABLE",
    `The files of ${path} were rotated ${MAX_TRIES} times while they were opened`,
    {
      retryable: true,
    },
  );
}

async function openSegment(path: string): Promise<OpenSegment | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    return { path, handle, size: (await handle.stat()).size };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function stillTheSame(
  path: string,
  rotated: readonly RotatedSegment[],
  opened: readonly OpenSegment[],
): Promise<boolean> {
  const active = opened.find((segment) => segment.path === path);
  const [now, found, rotatedNow] = await Promise.all([
    lookUp(path),
    active?.handle.stat(),
    rotatedSegments(path),
  ]);
  return now?.ino === found?.ino && String(rotatedNow.map(toNumber)) === String(rotated.map(toNumber));
}

function toNumber({ number }: RotatedSegment): number {
  return number;
}
