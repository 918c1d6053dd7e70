import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Certificate } from "../certificate.ts";
import { externalService } from "../external-service.ts";
import { onFreePort } from "../free-port.ts";
import { removeDirectory, startedService, temporaryDirectory } from "../own-service.ts";
import { ServerProcess } from "../server-process.ts";
import type { TestService } from "../test-service.ts";
import { dockerAnswers, RedisContainer } from "./redis-container.ts";
import { redisProgram } from "./redis-program.ts";

/** What a test wants of its Redis. */
export interface RedisOptions {
  /** Lines of redis.conf, such as `appendonly yes` or `maxmemory 10mb`; a later one wins. */
  readonly config?: readonly string[];
  /** Listens for TLS only, with this certificate; the URL then begins with `rediss:`. Needs a server on this machine. */
  readonly tls?: Pick<Certificate, "certificateFile" | "keyFile">;
}

/**
 * A real Redis or Valkey on loopback with an own data directory: the server named by `CHIMERA_TEST_REDIS_URL`,
 * else `redis-server` or `valkey-server` from the PATH, else installed by apt-get where this process may, else in
 * Docker. It keeps no data over `kill9()` unless `config` says so, like Redis itself.
 *
 * @throws Error that says what to install, when none of them is to be had.
 */
export async function startRedis(options: RedisOptions = {}): Promise<TestService> {
  const { tls } = options;
  const external = tls === undefined ? externalService("CHIMERA_TEST_REDIS_URL", process.env) : undefined;
  if (external !== undefined) return external;
  const config = ['save ""', ...(options.config ?? [])];
  const program = await redisProgram();
  if (program !== undefined) return onFreePort(async (port) => startProgram(program, port, config, tls));
  if (tls !== undefined) throw new Error("A Redis with TLS needs redis-server or valkey-server on the PATH");
  if (await dockerAnswers()) return onFreePort(async (port) => startContainer(port, config));
  throw new Error(
    "No Redis for the tests: install redis-server or valkey-server so that it is on the PATH, start Docker, or set CHIMERA_TEST_REDIS_URL to a server",
  );
}

async function startProgram(
  program: string,
  port: number,
  config: readonly string[],
  tls: RedisOptions["tls"],
): Promise<TestService> {
  const directory = temporaryDirectory("redis");
  const configFile = join(directory, "redis.conf");
  const listen = tls === undefined ? [`port ${port}`] : tlsLines(port, tls);
  const lines = [...listen, "bind 127.0.0.1", `dir ${directory}`, ...config];
  writeFileSync(configFile, `${lines.join("\n")}\n`);
  const server = new ServerProcess({
    program,
    directory,
    arguments: [configFile],
    logFile: join(directory, "server.log"),
    readyPattern: /Ready to accept connections/,
    stopSignal: "SIGTERM",
  });
  const scheme = tls === undefined ? "redis" : "rediss";
  return startedService(`${scheme}://127.0.0.1:${port}`, server, async () => removeDirectory(directory));
}

/** Lines of the configuration of a server or sentinel that listens for TLS only. */
export function tlsLines(
  port: number,
  { certificateFile, keyFile }: NonNullable<RedisOptions["tls"]>,
): readonly string[] {
  return [
    "port 0",
    `tls-port ${port}`,
    `tls-cert-file ${certificateFile}`,
    `tls-key-file ${keyFile}`,
    // Between the nodes of a cluster each is a client too.
    `tls-ca-cert-file ${certificateFile}`,
    "tls-auth-clients no",
    "tls-cluster yes",
    "tls-replication yes",
  ];
}

async function startContainer(port: number, config: readonly string[]): Promise<TestService> {
  const container = new RedisContainer(port, config);
  return startedService(`redis://127.0.0.1:${port}`, container, async () => container.remove());
}
