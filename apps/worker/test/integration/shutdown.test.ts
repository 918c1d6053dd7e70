import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";

import { ServiceProcess } from "../support/service-process.ts";

/** Takes connections and says nothing: what waits for an answer waits long. */
let silent: Server;
const taken: Socket[] = [];
beforeAll(async () => {
  silent = createServer((socket) => taken.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
});
afterAll(() => {
  for (const socket of taken) socket.destroy();
  silent.close();
});

async function startBeforeSilence(shutdownMs: string): Promise<ServiceProcess> {
  const { port } = silent.address() as AddressInfo;
  return ServiceProcess.start({
    CHIMERA_POSTGRES_URL: `postgres://nobody@127.0.0.1:${port}/none`,
    CHIMERA_CLICKHOUSE_URL: `http://127.0.0.1:${port}`,
    CHIMERA_SHUTDOWN_MS: shutdownMs,
  });
}

/** A client whose request has begun and does not end. */
async function unendingRequest(service: ServiceProcess): Promise<Socket> {
  const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(
    "POST /jobs HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[",
  );
  // An answer on another connection: the server has had its turn to read this one.
  await service.text("/metrics");
  return socket;
}

it("ends within its time after SIGTERM, though its servers hang and a client never ends its request", async () => {
  await using service = await startBeforeSilence("1000");
  const client = await unendingRequest(service);
  service.signal("SIGTERM");
  expect(await service.exitCode()).toBe(0);
  client.destroy();
  const tookMs = service.log.find(({ msg }) => msg === "service.stopped")?.["tookMs"];
  // Without the bound it is 10 s for the servers, 20 s for the client.
  expect(tookMs).toBeLessThan(4_000);
}, 60_000);

it("a second signal ends it at once, with exit code 1", async () => {
  await using service = await startBeforeSilence("600000");
  const client = await unendingRequest(service);
  service.signal("SIGTERM");
  await service.logged("service.stopping");
  service.signal("SIGTERM");
  expect(await service.exitCode()).toBe(1);
  client.destroy();
}, 60_000);
