import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { removeDirectory, temporaryDirectory } from "../own-service.ts";
import type { PostgresPrograms, PostgresUser } from "./postgres-programs.ts";

export const POSTGRES_USER = "chimera";
export const POSTGRES_PASSWORD = "chimera-test";

/** Inside this package's own node_modules: it goes when the clone goes. */
const CACHE = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url));

/** Counted up when the arguments of `initdb` change. */
const TEMPLATE_LAYOUT = 1;

/**
 * Makes a fresh data directory: a copy of a template that `initdb` (1 s) made once for this version and user.
 *
 * @param directory - open to `user`, for files in between
 */
export async function makeDataDirectory(
  data: string,
  directory: string,
  programs: PostgresPrograms,
  user: PostgresUser | undefined,
): Promise<void> {
  const name = `postgres-${programs.version}-uid-${user?.uid ?? process.getuid?.()}-${TEMPLATE_LAYOUT}`;
  const template = join(CACHE, name);
  if (!existsSync(template)) await makeTemplate(template, directory, programs, user);
  // Renamed whole, so that a process killed in between leaves no half of a data directory.
  const partial = `${data}.partial`;
  rmSync(partial, { recursive: true, force: true });
  execFileSync("cp", ["-Rp", template, partial]);
  renameSync(partial, data);
}

async function makeTemplate(
  template: string,
  directory: string,
  programs: PostgresPrograms,
  user: PostgresUser | undefined,
): Promise<void> {
  const made = join(directory, "template");
  const passwordFile = join(directory, "password");
  writeFileSync(passwordFile, `${POSTGRES_PASSWORD}\n`, { mode: 0o600 });
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
  const flags = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--no-sync"];
  execFileSync(
    programs.initdb,
    [`--pgdata=${made}`, `--username=${POSTGRES_USER}`, `--pwfile=${passwordFile}`, ...flags],
    { cwd: directory, stdio: ["ignore", "ignore", "pipe"], ...user },
  );
  // Renamed whole into its place, so that nobody copies half a template; the second of two that made one keeps the first.
  mkdirSync(CACHE, { recursive: true });
  const beside = temporaryDirectory("postgres-template", CACHE);
  execFileSync("cp", ["-Rp", made, join(beside, "data")]);
  try {
    renameSync(join(beside, "data"), template);
  } catch (error) {
    if (!existsSync(template)) throw error;
  }
  await removeDirectory(beside);
}
