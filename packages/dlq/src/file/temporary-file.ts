import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A rotated file on its way to a shorter one, or a replay's note on its way to a newer one. */
const OF_A_LOG = /^(?:\d{6,}|replay\.json)\.[\da-f-]{36}\.tmp$/;

/** Where a file is written that is to take the place of another as a whole: beside it, under a name of its own. */
export function temporaryPath(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

/**
 * Removes what processes left beside a log that were killed before their file could take its place.
 * Only for the holder of the log's lock: nobody else makes such files.
 */
export async function removeTemporaries(logPath: string): Promise<void> {
  const directory = dirname(logPath);
  const prefix = `${basename(logPath)}.`;
  const names = await readdir(directory);
  const left = names.filter((name) => name.startsWith(prefix) && OF_A_LOG.test(name.slice(prefix.length)));
  await Promise.all(left.map(async (name) => rm(join(directory, name), { force: true })));
}
