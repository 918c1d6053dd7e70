import { createHash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { othersMayEnter } from "./postgres-programs.ts";

/**
 * A directory in which a server's data can stay between runs, made when it is not there: `preferred`, unless this
 * process is root and the account that runs Postgres may not get there (a clone below /root, say). Then it is one
 * of root's own in /var/tmp, named after `preferred`, so that the next run finds it.
 *
 * @throws Error when somebody else made that directory first.
 */
export function directoryForServers(preferred: string): string {
  mkdirSync(preferred, { recursive: true, mode: 0o755 });
  if (process.getuid?.() !== 0 || othersMayEnter(preferred)) return preferred;
  const name = createHash("sha256").update(preferred).digest("hex").slice(0, 16);
  const directory = join("/var/tmp", `chimera-${name}`);
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const { uid, mode } = lstatSync(directory);
  if (uid !== 0 || (mode & 0o022) !== 0) {
    throw new Error(`${directory} belongs to somebody else: remove it, or move the clone out of root's home`);
  }
  return directory;
}
