import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { externalService } from "../external-service.ts";
import { freePort } from "../free-port.ts";
import { ownService, removeDirectory, temporaryDirectory } from "../own-service.ts";
import { ServerProcess } from "../server-process.ts";
import type { TestService } from "../test-service.ts";
import { redisProgram } from "./redis-program.ts";

/** What a test wants of its Redis. */
export interface RedisOptions {
  /** Lines of redis.conf, such as `appendonly yes` or `maxmemory 10mb`; a later one wins. */
  readonly config?: readonly string[];
}

const START_TRIES = 3;

/**
 * A real Redis or Valkey on loopback with an own data directory: the server named by `CHIMERA_TEST_REDIS_URL`,
 * else `redis-server` or `valkey-server` from the PATH, else installed by apt-get where this process may, else in
 * Docker. It keeps no data over `kill9()` unless `config` says so, like Redis itself.
 *
 * @throws Error that says what to install, when none of them is to be had.
 */
export async function startRedis(options: RedisOptions = {}): Promise<TestService> {
  const external = externalService("CHIMERA_TEST_REDIS_URL", process.env);
  if (external !== undefined) return external;
  const program = await redisProgram();
  if (program === undefined) {
    throw new Error(
      "No Redis for the tests: install redis-server or valkey-server so that it is on the PATH, or set CHIMERA_TEST_REDIS_URL to a server",
    );
  }
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const directory = temporaryDirectory("redis");
    const server = new ServerProcess({
      program,
      directory,
      arguments: [configFile(directory, port, options.config ?? [])],
      logFile: join(directory, "server.log"),
      readyPattern: /Ready to accept connections/,
      stopSignal: "SIGTERM",
    });
    try {
      await server.start();
      return ownService(`redis://127.0.0.1:${port}`, directory, server);
    } catch (error) {
      await removeDirectory(directory);
      // Between the probe and the start somebody else may have taken the port; any other cause comes back as well.
      if (tries === START_TRIES) throw error;
    }
  }
}

function configFile(directory: string, port: number, lines: readonly string[]): string {
  const path = join(directory, "redis.conf");
  const base = [`port ${port}`, "bind 127.0.0.1", `dir ${directory}`, 'save ""', "databases 16"];
  writeFileSync(path, `${[...base, ...lines].join("\n")}\n`);
  return path;
}
