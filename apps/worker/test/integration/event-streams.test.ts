import { once } from "node:events";
import { createServer, get } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";

import { EventStreams } from "../../src/cockpit/event-streams.ts";
import type { EventStreamLimits } from "../../src/cockpit/event-streams.ts";

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** Streams behind a server, and a function that opens one as a browser would. */
async function streamsWith(
  limits: EventStreamLimits = {},
): Promise<{ streams: EventStreams; open: () => Promise<IncomingMessage> }> {
  const streams = new EventStreams(limits);
  const server = createServer((_request, response) => {
    if (streams.hasRoom) streams.open(response, { number: 0 });
    else response.writeHead(503).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  ended.push(() => {
    streams.close();
    server.closeAllConnections();
    server.close();
  });
  const open = async (): Promise<IncomingMessage> => {
    const request = get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.on("error", () => {});
    return response;
  };
  return { streams, open };
}

/** Reads until `text` has come. */
async function until(response: IncomingMessage, text: string): Promise<string> {
  let read = "";
  for await (const chunk of response.iterator({ destroyOnReturn: false })) {
    read += String(chunk);
    if (read.includes(text)) break;
  }
  return read;
}

it("greets each reader, and sends everybody the same, in order", async () => {
  const { streams, open } = await streamsWith();
  const readers = await Promise.all([open(), open()]);
  expect(readers[0]?.headers).toMatchObject({ "content-type": "text/event-stream; charset=utf-8" });
  for (const number of [1, 2]) streams.send("tick", { number });
  for (const reader of readers) {
    expect(await until(reader, '"number":2')).toBe(
      'retry: 2000\nevent: hello\ndata: {"number":0}\n\nevent: tick\ndata: {"number":1}\n\nevent: tick\ndata: {"number":2}\n\n',
    );
  }
});

it("opens no more streams than allowed, and one again when one has gone", async () => {
  const { streams, open } = await streamsWith({ maxStreams: 2 });
  const [first] = await Promise.all([open(), open()]);
  expect((await open()).statusCode).toBe(503);
  first?.destroy();
  await vi.waitFor(() => expect(streams.size).toBe(1));
  expect((await open()).statusCode).toBe(200);
});

it("cuts a reader off that does not keep up, and goes on for the others", async () => {
  const { streams, open } = await streamsWith({ maxWaitingBytes: 65_536 });
  const slow = await open();
  const quick = await open();
  let read = 0;
  quick.on("data", (chunk: Buffer) => (read += chunk.length));
  slow.pause();
  const event = { text: "x".repeat(50_000) };
  let sent = 0;
  // What a reader has not read waits in the buffers of the system first, which hold some megabytes.
  await vi.waitFor(
    () => {
      streams.send("tick", event);
      sent += 1;
      expect(streams.size).toBe(1);
    },
    { timeout: 20_000, interval: 2 },
  );
  await vi.waitFor(() => expect(read).toBeGreaterThan(sent * 50_000));
});

it("says that it is still there when nothing else is said", async () => {
  const { open } = await streamsWith({ heartbeatMs: 20 });
  expect(await until(await open(), ": still here")).toContain("\n: still here\n\n");
});

it("ends every stream when it is closed, and opens none afterwards", async () => {
  const { streams, open } = await streamsWith();
  const reader = await open();
  streams.close();
  reader.resume();
  await once(reader, "end");
  expect((await open()).statusCode).toBe(503);
});
