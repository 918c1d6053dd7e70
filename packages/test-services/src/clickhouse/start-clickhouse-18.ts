import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { onFreePort } from "../free-port.ts";
import { removeDirectory, startedService, temporaryDirectory } from "../own-service.ts";
import { ServerProcess } from "../server-process.ts";
import type { TestService } from "../test-service.ts";

import { clickHouse18 } from "./clickhouse-18-program.ts";

const USER = "chimera";
const PASSWORD = "chimera-test";

/**
 * ClickHouse 18.16 of 2019 on loopback with an own data directory: errors without codes, no tokens, no query
 * parameters. Proof that nothing relies on what only new servers say. Keeps its data over `kill9()`.
 *
 * @returns the service, or the reason why there is none here, to be printed with what is skipped for it.
 */
export async function startClickHouse18(): Promise<TestService | { readonly missing: string }> {
  const server = await clickHouse18();
  return "missing" in server ? server : onFreePort(async (port) => start(server.program, port));
}

async function start(program: string, port: number): Promise<TestService> {
  const directory = temporaryDirectory("clickhouse-18");
  for (const name of ["data", "tmp"]) mkdirSync(join(directory, name));
  const configFile = join(directory, "config.xml");
  writeFileSync(configFile, serverConfig(directory, port));
  writeFileSync(join(directory, "users.xml"), USERS);
  const server = new ServerProcess({
    program,
    arguments: [`--config-file=${configFile}`],
    directory,
    logFile: join(directory, "server.log"),
    readyPattern: /Ready for connections/,
    stopSignal: "SIGTERM",
  });
  const url = `http://${USER}:${PASSWORD}@127.0.0.1:${port}`;
  return startedService(url, server, async () => removeDirectory(directory));
}

function serverConfig(directory: string, port: number): string {
  return `<yandex>
  <logger><level>information</level><console>1</console></logger>
  <http_port>${port}</http_port>
  <listen_host>127.0.0.1</listen_host>
  <path>${join(directory, "data")}/</path>
  <tmp_path>${join(directory, "tmp")}/</tmp_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>
</yandex>
`;
}

const USERS = `<yandex>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <${USER}>
      <password>${PASSWORD}</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </${USER}>
  </users>
</yandex>
`;
