import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";

import { event } from "../support/events.ts";
import { ServiceProcess } from "../support/service-process.ts";

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;
if (!hasPromtool)
  process.stderr.write("skipped: promtool is not on the PATH (Debian's package prometheus)\n");

let service: ServiceProcess;
beforeAll(async () => {
  service = await ServiceProcess.start({
    CHIMERA_POSTGRES_URL: "postgres://nobody@127.0.0.1:1/none",
    CHIMERA_CLICKHOUSE_URL: "http://127.0.0.1:1",
  });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function open(): Promise<Socket> {
  const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

it("a client that never ends its headers is cut off, with 408", async () => {
  const socket = await open();
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  const drip = setInterval(() => socket.write("x"), 500);
  socket.write("POST /jobs HTTP/1.1\r\nHost: slow\r\nX-Slow: ");
  await once(socket, "close");
  clearInterval(drip);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});

it("a thousand idle connections keep nobody else out", async () => {
  const idle = await Promise.all(Array.from({ length: 1_000 }, open));
  expect((await service.post("/jobs", JSON.stringify(event("beside-idle")))).status).toBe(202);
  for (const socket of idle) socket.destroy();
});

it("a request ten times too large is refused without being kept", async () => {
  const before = await residentBytes();
  const answers = await Promise.all(
    Array.from({ length: 10 }, async () =>
      service.post("/jobs", JSON.stringify("x".repeat(10_485_760))).catch(() => undefined),
    ),
  );
  // A server may end the connection before the client has sent all of it.
  for (const answer of answers) expect([413, undefined]).toContain(answer?.status);
  expect((await residentBytes()) - before).toBeLessThan(100 * 2 ** 20);
});

it.runIf(hasPromtool)("the metrics are as Prometheus wants them", async () => {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: await service.text("/metrics"),
  });
  expect({ status, said: `${stdout.toString()}${stderr.toString()}` }).toEqual({ status: 0, said: "" });
});

async function residentBytes(): Promise<number> {
  return Number(/^process_resident_memory_bytes (\d+)$/m.exec(await service.text("/metrics"))?.[1]);
}
