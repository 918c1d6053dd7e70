import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import { startRedis, TcpProxy, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection, RedisQueue, type RedisConnectionOptions } from "../../src/index.ts";

let server: TestService;
let name: string;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

function connect(options: RedisConnectionOptions = {}): RedisConnection {
  const connection = new RedisConnection({ logger: silentLogger, url: server.url, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

function open(partitions: number, connection = connect()): RedisBackend {
  const backend = new RedisBackend(name, connection, { partitions });
  onTestFinished(async () => backend.close({ deadlineMs: 1_000 }));
  return backend;
}

test("what was enqueued before a queue is closed is stored, on a connection of its own too", async () => {
  name = `closing-${randomUUID()}`;
  const queue = new RedisQueue<number>(name, { url: server.url, logger: silentLogger });
  const enqueued = [queue.enqueue(1), queue.enqueueMany([2, 3]), queue.enqueue(4)];
  await queue.close();
  await Promise.all(enqueued);
  expect((await open(1).metrics()).depth).toBe(4);
});

test("on a connection that was closed every call is refused as closed, at once", async () => {
  name = `closing-${randomUUID()}`;
  const connection = connect();
  const backend = open(1, connection);
  await backend.ping();
  connection.close();
  const begun = performance.now();
  const calls = [
    backend.enqueue([{ id: "a", body: "" }]),
    backend.dequeue({ max: 1, leaseMs: 1_000 }),
    backend.metrics(),
    backend.ping(),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "QUEUE_CLOSED" });
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test.for([
  [1, 0],
  [1, 30_000],
  [3, 0],
  [3, 30_000],
] as const)(
  "over %i partitions, what a dequeue of %i ms is being answered with when its queue is closed or it is aborted goes back",
  async ([partitions, waitMs]) => {
    await using proxy = await TcpProxy.start(server.url);
    for (const end of ["close", "abort"] as const) {
      name = `closing-${randomUUID()}`;
      const backend = open(partitions, connect({ url: proxy.through(server.url) }));
      await backend.enqueue(["a", "b", "c", "d"].map((id) => ({ id, body: "" })));
      const patience = new AbortController();
      proxy.rules.latencyMs = 100;
      const taken = backend.dequeue({ max: 4, leaseMs: 60_000, waitMs, signal: patience.signal });
      const peer = open(partitions);
      await expect.poll(async () => (await peer.metrics()).inFlight, { interval: 5 }).toBe(4);
      if (end === "abort") patience.abort();
      else await backend.close();
      expect(await taken).toEqual([]);
      proxy.rules.latencyMs = 0;
      const back = await peer.dequeue({ max: 4, leaseMs: 60_000 });
      expect(back.map(({ deliveryCount }) => deliveryCount)).toEqual([1, 1, 1, 1]);
    }
  },
);
