import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeFileSync } from "node:fs";

import { onFreePort } from "../free-port.ts";
import { removeDirectory, startedService, temporaryDirectory } from "../own-service.ts";
import { ServerProcess } from "../server-process.ts";
import type { TestService } from "../test-service.ts";
import { askRedis } from "./ask-redis.ts";
import { redisProgram } from "./redis-program.ts";
import { startRedis, tlsLines, type RedisOptions } from "./start-redis.ts";

/** A real primary with one replica, watched by a sentinel that fails over within about two seconds. */
export interface RedisReplication extends AsyncDisposable {
  readonly primary: TestService;
  readonly replica: TestService;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  stop(): Promise<void>;
}

/** What a test wants of them. */
export interface RedisReplicationOptions {
  /** Lines for primary and replica. Their default user has to stay as it is: they and the sentinel find each other by it. */
  readonly config?: readonly string[];
  /** Lines for the sentinel, such as an ACL user. */
  readonly sentinelConfig?: readonly string[];
  /** All three listen for TLS only, and speak it with each other. */
  readonly tls?: NonNullable<RedisOptions["tls"]>;
}

const LINKED_WITHIN_MS = 30_000;
const POLL_MS = 50;

/**
 * Starts primary, replica and sentinel (which calls the primary `primary`) and resolves once the replica has caught up and the sentinel
 * knows it.
 *
 * @throws Error when there is no Redis to start, or they do not find each other within 30 s.
 */
export async function startRedisReplication(
  options: RedisReplicationOptions = {},
): Promise<RedisReplication> {
  const { config = [], tls } = options;
  const secured = tls && { tls };
  const primary = await startRedis({ config, ...secured });
  const port = portOf(primary);
  const following = [`replicaof 127.0.0.1 ${port}`, "repl-diskless-sync-delay 0"];
  const replica = await startRedis({ config: [...config, ...following], ...secured });
  const sentinel = await onFreePort(async (free) => startSentinel(free, port, options));
  const stop = async (): Promise<void> =>
    void (await Promise.all([sentinel, replica, primary].map(async (service) => service.stop())));
  try {
    await until(async () => (await askRedis(primary.url, ["INFO", "replication"])).includes("state=online"));
    const known = async (): Promise<string> => askRedis(sentinel.url, ["SENTINEL", "REPLICAS", "primary"]);
    await until(async () => (await known()).includes(String(portOf(replica))));
  } catch (error) {
    await stop();
    throw error;
  }
  const sentinels = [{ host: "127.0.0.1", port: portOf(sentinel) }];
  return { primary, replica, sentinels, stop, [Symbol.asyncDispose]: stop };
}

async function startSentinel(
  port: number,
  primaryPort: number,
  { sentinelConfig = [], tls }: RedisReplicationOptions,
): Promise<TestService> {
  const program = await redisProgram();
  if (program === undefined) throw new Error("No redis-server on the PATH to run a sentinel with");
  const directory = temporaryDirectory("sentinel");
  const configFile = join(directory, "sentinel.conf");
  const lines = [
    ...(tls === undefined ? [`port ${port}`] : tlsLines(port, tls)),
    "bind 127.0.0.1",
    `dir ${directory}`,
    `sentinel monitor primary 127.0.0.1 ${primaryPort} 1`,
    "sentinel down-after-milliseconds primary 500",
    "sentinel failover-timeout primary 5000",
    ...sentinelConfig,
  ];
  writeFileSync(configFile, `${lines.join("\n")}\n`);
  const server = new ServerProcess({
    program,
    directory,
    arguments: [configFile, "--sentinel"],
    logFile: join(directory, "server.log"),
    readyPattern: /Sentinel ID is/,
    stopSignal: "SIGTERM",
  });
  return startedService(`${tls === undefined ? "redis" : "rediss"}://127.0.0.1:${port}`, server, async () =>
    removeDirectory(directory),
  );
}

function portOf({ url }: TestService): number {
  return Number(new URL(url).port);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < LINKED_WITHIN_MS; waitedMs += POLL_MS) {
    if (await holds()) return;
    await delay(POLL_MS);
  }
  throw new Error(`Primary, replica and sentinel did not find each other within ${LINKED_WITHIN_MS} ms`);
}
