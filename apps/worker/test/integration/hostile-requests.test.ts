import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { event } from "../support/events.ts";
import { ServiceProcess } from "../support/service-process.ts";

const CONNECTION = "Host: worker\r\nConnection: close\r\n";

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

/** Sends bytes as they are; answers the status of the first answer, 0 when the connection ended without one. */
async function statusOf(bytes: string | Buffer): Promise<number> {
  const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
  let answer = "";
  socket.on("error", () => {}).on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.write(bytes);
  await once(socket, "close");
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

async function statusOfJobs(headers: string, body: string | Buffer): Promise<number> {
  const head = `POST /jobs HTTP/1.1\r\n${CONNECTION}${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return statusOf(Buffer.concat([Buffer.from(head), Buffer.from(body)]));
}

it("a client that never ends its body is cut off", async () => {
  const head = `POST /jobs HTTP/1.1\r\n${CONNECTION}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n[`;
  expect([0, 408]).toContain(await statusOf(head));
}, 60_000);

describe("a path that is a trick", () => {
  it.each([
    ["/../../etc/passwd", 404],
    ["/jobs/../../../etc/passwd", 404],
    ["/%2e%2e/%2e%2e/etc/passwd", 404],
    ["//etc/passwd", 404],
    ["/..%5c..%5cetc%5cpasswd", 404],
    ["/jobs%00", 404],
    ["/%ff", 400],
    ["/metrics/..;/jobs", 404],
    ["http://elsewhere.example/etc/passwd", 404],
    [`/${"a".repeat(4_000)}`, 404],
    [`/${"a".repeat(40_000)}`, 431],
    ["/ /", 400],
  ])("%s is refused", async (path, status) => {
    const got = await statusOf(`GET ${path} HTTP/1.1\r\n${CONNECTION}\r\n`);
    expect(got).toBe(status);
  });
});

describe("a request that is a trick", () => {
  const chunked = "Transfer-Encoding: chunked\r\n";
  it.each([
    [
      "a body with two lengths",
      `POST /jobs HTTP/1.1\r\n${CONNECTION}Content-Length: 3\r\n${chunked}\r\n0\r\n\r\n`,
    ],
    ["a length below zero", `POST /jobs HTTP/1.1\r\n${CONNECTION}Content-Length: -1\r\n\r\n`],
    ["no HTTP", "\u0000\u0001\u0002\r\n\r\n"],
    ["a header with a blank in its name", `GET /health HTTP/1.1\r\n${CONNECTION}X Y: z\r\n\r\n`],
  ])("%s is refused", async (_what, bytes) => {
    expect(await statusOf(bytes)).toBe(400);
  });

  it("a chunk without a length, of a body that nobody would read, is refused by its type", async () => {
    expect(await statusOf(`POST /jobs HTTP/1.1\r\n${CONNECTION}${chunked}\r\nzz\r\n`)).toBe(415);
  });

  it.each(["PUT", "DELETE", "PATCH", "TRACE"])("%s is refused", async (method) => {
    const status = await statusOf(`${method} /jobs HTTP/1.1\r\n${CONNECTION}Content-Length: 0\r\n\r\n`);
    expect([400, 404, 405, 415]).toContain(status);
  });
});

describe("a body that is a trick", () => {
  const one = JSON.stringify(event("typed"));

  it.each([
    ["none", "", 415],
    ["form data", "Content-Type: multipart/form-data; boundary=x\r\n", 415],
    ["a form", "Content-Type: application/x-www-form-urlencoded\r\n", 415],
    ["bytes", "Content-Type: application/octet-stream\r\n", 415],
    ["nonsense", "Content-Type: ;;;\r\n", 415],
    ["text", "Content-Type: text/plain\r\n", 400],
  ])("with the type %s is refused", async (_what, headers, status) => {
    expect(await statusOfJobs(headers, one)).toBe(status);
  });

  it("is not decompressed: what is small stays small", async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20, " "));
    const headers = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
    expect(await statusOfJobs(headers, bomb)).toBe(400);
  });

  it("is refused when an event is nested too deeply, also where nobody looks, and nothing of it is taken", async () => {
    const pit = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    const nested = (levels: number): string =>
      JSON.stringify(event("nested")).replace(/\}$/, `,"extra":${pit(levels)}}`);
    expect((await service.post("/jobs", pit(400_000))).status).toBe(400);
    for (const levels of [100, 400_000]) {
      const { status, body } = await service.post(
        "/jobs",
        `[${JSON.stringify(event("beside"))},${nested(levels)}]`,
      );
      expect({ status, refused: body["refused"] }).toEqual({
        status: 400,
        refused: [{ index: 1, error: "expected at most 32 levels of nesting" }],
      });
    }
    expect(await service.text("/metrics")).toMatch(/^chimera_queue_enqueued_total 0$/m);
    expect((await service.post("/jobs", nested(20))).status).toBe(202);
  });
});

it("after all of that it lives, takes jobs, and has not grown", async () => {
  expect((await service.post("/jobs", JSON.stringify(event("after-all")))).status).toBe(202);
  const resident = /^process_resident_memory_bytes (\d+)$/m.exec(await service.text("/metrics"))?.[1];
  expect(Number(resident)).toBeLessThan(500 * 2 ** 20);
  expect(service.err).toBe("");
});
