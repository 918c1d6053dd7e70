import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TcpProxy } from "../../src/tcp-proxy.ts";

let echo: Server;
let proxy: TcpProxy;
let client: Socket;

beforeEach(async () => {
  echo = createServer((socket) => socket.pipe(socket).on("error", () => socket.destroy()));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = await TcpProxy.start(`tcp://127.0.0.1:${(echo.address() as AddressInfo).port}`);
  client = connect(proxy.port, "127.0.0.1");
  client.on("error", () => client.destroy());
  await once(client, "connect");
});

afterEach(async () => {
  client.destroy();
  await proxy.stop();
  echo.close();
});

async function reply(): Promise<string> {
  const [chunk] = (await once(client, "data")) as [Buffer];
  return chunk.toString();
}

/** `once(…, "close")` would reject on the reset that comes before it. */
async function closed(): Promise<void> {
  await new Promise((resolve) => client.once("close", resolve));
}

test("bytes pass in both directions", async () => {
  client.write("ping");
  await expect(reply()).resolves.toBe("ping");
});

test("a silent network holds everything back and delivers it when it is back", async () => {
  let arrived = "";
  client.on("data", (chunk: Buffer) => (arrived += chunk.toString()));
  proxy.silence();
  client.write("late");
  // The echo answers within a turn or two on loopback; a second connection that went round proves that time has passed.
  const witness = await TcpProxy.start(`tcp://127.0.0.1:${(echo.address() as AddressInfo).port}`);
  const other = connect(witness.port, "127.0.0.1", () => other.write("x"));
  await once(other, "data");
  other.destroy();
  await witness.stop();
  expect(arrived).toBe("");
  proxy.restore();
  await expect.poll(() => arrived).toBe("late");
});

test("a dropped reply never arrives although the server acted", async () => {
  proxy.rules.onReply = (chunk) => (chunk.includes("second") ? "drop" : "forward");
  client.write("first");
  await expect(reply()).resolves.toBe("first");
  const served = once(echo, "connection");
  client.write("second");
  const next = connect(proxy.port, "127.0.0.1", () => next.write("third"));
  await served;
  const [chunk] = (await once(next, "data")) as [Buffer];
  expect(chunk.toString()).toBe("third");
  next.destroy();
  expect(client.bytesRead).toBe("first".length);
});

test("a reply is cut after the bytes asked for, and the connection ends", async () => {
  proxy.rules.onReply = () => ({ cutAfterBytes: 3 });
  client.write("abcdef");
  await expect(reply()).resolves.toBe("abc");
  await closed();
});

test("cutting ends every connection", async () => {
  client.write("here");
  await reply();
  proxy.cutAll();
  await closed();
  expect(proxy.connections).toBe(1);
});

test("new connections lead to the new target, open ones keep the old", async () => {
  client.write("here");
  await reply();
  const other = createServer((socket) => socket.end("other"));
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  proxy.retarget(`tcp://127.0.0.1:${(other.address() as AddressInfo).port}`);
  const next = connect(proxy.port, "127.0.0.1");
  const [greeting] = (await once(next, "data")) as [Buffer];
  expect(greeting.toString()).toBe("other");
  client.write("still here");
  await expect(reply()).resolves.toBe("still here");
  next.destroy();
  other.close();
});

test("bytes do not overtake those before them when the latency ends", async () => {
  let arrived = "";
  const all = new Promise<void>((resolve) => {
    client.on("data", (chunk: Buffer) => {
      arrived += chunk.toString();
      if (arrived.length === 8) resolve();
    });
  });
  proxy.rules.latencyMs = 60;
  client.write("slow");
  // The first bytes are in the proxy once they have been read off the wire.
  await new Promise((resolve) => setTimeout(resolve, 20));
  proxy.rules.latencyMs = 0;
  client.write("fast");
  await all;
  expect(arrived).toBe("slowfast");
});
