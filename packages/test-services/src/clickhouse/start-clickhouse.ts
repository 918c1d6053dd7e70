import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { externalService } from "../external-service.ts";
import { onFreePort } from "../free-port.ts";
import { removeDirectory, startedService, temporaryDirectory } from "../own-service.ts";
import { ServerProcess } from "../server-process.ts";
import type { TestService } from "../test-service.ts";

/** What a test wants of its ClickHouse. */
export interface ClickHouseOptions {
  /** @defaultValue "chimera" */
  readonly user?: string;
  /** @defaultValue "chimera-test" */
  readonly password?: string;
}

const SERVER = fileURLToPath(new URL("server.ts", import.meta.url));

/**
 * A real ClickHouse on loopback with an own data directory: the server named by `CHIMERA_TEST_CLICKHOUSE_URL`, else
 * the engine of npm's `chdb` behind an HTTP front in a child process. What an INSERT answered survives `kill9()`
 * and `restart()`. Users, quotas, KILL QUERY, asynchronous inserts and exceptions in mid-stream are not there.
 *
 * @throws Error with the end of the server's log, on a platform for which `chdb` has no engine.
 */
export async function startClickHouse(options: ClickHouseOptions = {}): Promise<TestService> {
  const external = externalService("CHIMERA_TEST_CLICKHOUSE_URL", process.env);
  if (external !== undefined) return external;
  const { user = "chimera", password = "chimera-test" } = options;
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  return onFreePort(async (port) => {
    const directory = temporaryDirectory("clickhouse");
    const server = new ServerProcess({
      program: process.execPath,
      arguments: ["--import", tsx, SERVER, String(port), join(directory, "data"), user, password],
      directory,
      logFile: join(directory, "server.log"),
      readyPattern: /Ready for connections/,
      stopSignal: "SIGTERM",
      // One query holds a thread of libuv for its whole life, and by default there are 4.
      environment: { UV_THREADPOOL_SIZE: "16" },
    });
    const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
    const url = `http://${credentials}@127.0.0.1:${port}`;
    return startedService(url, server, async () => removeDirectory(directory));
  });
}
