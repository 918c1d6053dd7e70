import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { MemoryDeadLetterStore, silentLogger } from "@chimera/dlq";
import { startRedis, startRedisCluster, TcpProxy, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { RedisBackend, RedisConnection, RedisQueue, type RedisConnectionOptions } from "../../src/index.ts";

const PATIENCE = { timeout: 20_000, interval: 20 };

let server: TestService;
beforeAll(async () => {
  server = await startRedis({ config: ["appendonly yes", "appendfsync always"] });
});
afterAll(async () => server.stop());

function connect(options: RedisConnectionOptions): RedisConnection {
  const connection = new RedisConnection({ logger: silentLogger, commandTimeoutMs: 1_000, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

/** A queue and a worker that notes what it has handled. */
function work(connection: RedisConnection): { queue: RedisQueue<number>; handled: number[] } {
  const queue = new RedisQueue<number>(`outage-${randomUUID()}`, { connection, logger: silentLogger });
  const handled: number[] = [];
  queue.process(async (n) => void handled.push(n), {
    deadLetters: new MemoryDeadLetterStore(),
    leaseMs: 2_000,
  });
  onTestFinished(async () => queue.close({ deadlineMs: 2_000 }));
  return { queue, handled };
}

test.for([
  ["whose answer was lost", true],
  ["that has gone deaf", false],
] as const)("a subscription %s is made anew while somebody waits", async ([, unanswered]) => {
  await using proxy = await TcpProxy.start(server.url);
  const subscriptions = new Set<number>();
  proxy.rules.onReply = (chunk, connection) => {
    const answers = chunk.includes("subscribe");
    if (answers) subscriptions.add(connection);
    return [...subscriptions][0] === connection && (unanswered || !answers) ? "drop" : "forward";
  };
  await using backend = new RedisBackend(
    `deaf-${randomUUID()}`,
    connect({ url: proxy.through(server.url) }),
    { partitions: 3 },
  );
  const take = async (): Promise<unknown> => backend.dequeue({ max: 1, leaseMs: 30_000, waitMs: 20_000 });
  const first = take();
  await vi.waitFor(() => expect(subscriptions.size).toBe(2), PATIENCE);
  await backend.enqueue([{ id: "first", body: "" }]);
  expect(await first).toHaveLength(1);

  // And it hears again: by plain asking each of these would take a second.
  const waits: number[] = [];
  for (let round = 0; round < 5; round++) {
    const waiting = take();
    // It has asked every partition by then.
    await delay(100);
    const enqueuedAt = performance.now();
    await backend.enqueue([{ id: `job-${round}`, body: "" }]);
    await waiting;
    waits.push(performance.now() - enqueuedAt);
  }
  expect(Math.min(...waits)).toBeLessThan(300);
});

test("a wake-up that comes while partitions are being asked is not slept through", async () => {
  await using proxy = await TcpProxy.start(server.url);
  const name = `asked-${randomUUID()}`;
  await using backend = new RedisBackend(name, connect({ url: proxy.through(server.url) }), {
    partitions: 3,
  });
  await using producer = new RedisBackend(name, connect({ url: server.url }), { partitions: 3 });
  await backend.dequeue({ max: 1, leaseMs: 30_000, waitMs: 200 });
  const waits: number[] = [];
  for (let round = 0; round < 9; round++) {
    let replies = 0;
    const asked = new Promise<void>((resolve) => {
      proxy.rules.onReply = () => {
        if (++replies === 1) resolve();
        return "forward";
      };
    });
    proxy.rules.latencyMs = 20;
    const waiting = backend.dequeue({ max: 1, leaseMs: 30_000, waitMs: 20_000 });
    await asked;
    const enqueuedAt = performance.now();
    // One of three partitions has been asked, another one in each round.
    await producer.enqueue([{ id: `job-${round}`, body: "", dedupKey: `job-${Math.floor(round / 3)}` }]);
    const [delivery] = await waiting;
    waits.push(performance.now() - enqueuedAt);
    proxy.rules.latencyMs = 0;
    expect(delivery?.job.id).toBe(`job-${round}`);
    await backend.settle([{ receipt: delivery?.receipt ?? ("" as never), outcome: "done" }]);
  }
  expect(Math.max(...waits)).toBeLessThan(900);
});

test("a backend that is closed gives back what was on its way to a wait", async () => {
  await using proxy = await TcpProxy.start(server.url);
  const name = `closed-${randomUUID()}`;
  const backend = new RedisBackend(name, connect({ url: proxy.through(server.url) }));
  await using witness = new RedisBackend(name, connect({ url: server.url }));
  const replies: Buffer[] = [];
  proxy.rules.onReply = (chunk) => {
    replies.push(chunk);
    return "forward";
  };
  const waiting = backend.dequeue({ max: 1, leaseMs: 30_000, waitMs: 20_000 });
  // It was asked for once, and now it is waited for.
  await delay(100);
  proxy.rules.latencyMs = 50;
  await witness.enqueue([{ id: "on-its-way", body: "" }]);
  await vi.waitFor(() => expect(Buffer.concat(replies).includes("on-its-way")).toBe(true), PATIENCE);
  await backend.close();
  expect(await waiting).toEqual([]);
  expect(await witness.metrics()).toMatchObject({ depth: 1, inFlight: 0, reclaimed: 0 });
});

test("a waiting connection that stays deaf is told by readiness for as long as somebody waits on it", async () => {
  await using proxy = await TcpProxy.start(server.url);
  await using backend = new RedisBackend(`deaf-${randomUUID()}`, connect({ url: proxy.through(server.url) }));
  await backend.ping();
  proxy.rules.onReply = (_, connection) => (connection === 0 ? "forward" : "drop");
  const patience = new AbortController();
  const waiting = backend.dequeue({ max: 1, leaseMs: 1_000, waitMs: 30_000, signal: patience.signal });
  const ready = async (): Promise<boolean> =>
    backend.ping().then(
      () => true,
      () => false,
    );
  await expect.poll(ready, PATIENCE).toBe(false);
  for (let sample = 0; sample < 20; sample++) {
    expect(await ready()).toBe(false);
    await delay(100);
  }
  delete proxy.rules.onReply;
  await expect.poll(ready, PATIENCE).toBe(true);
  patience.abort();
  expect(await waiting).toEqual([]);
});

test("a wait over several partitions outlasts an outage, as one over a single partition does", async () => {
  await using proxy = await TcpProxy.start(server.url);
  const name = `outlasting-${randomUUID()}`;
  for (const partitions of [1, 3]) {
    const connection = connect({ url: proxy.through(server.url), commandTimeoutMs: 300 });
    await using backend = new RedisBackend(`${name}-${partitions}`, connection, { partitions });
    const direct = connect({ url: server.url });
    await using producer = new RedisBackend(backend.name, direct, { partitions });
    await backend.ping();
    const waiting = backend.dequeue({ max: 1, leaseMs: 1_000, waitMs: 30_000 });
    const clients = async (): Promise<unknown> => direct.commands.send("", ["CLIENT", "LIST"]);
    await expect.poll(clients, PATIENCE).toMatch(/cmd=(blpop|subscribe)/);
    proxy.silence();
    await delay(2_500);
    proxy.restore();
    await producer.enqueue([{ id: "after", body: "" }]);
    expect((await waiting).map(({ job }) => job.id)).toEqual(["after"]);
  }
});

describe("a network that swallows everything for longer than every time-out", () => {
  test("is told by readiness, and worked through by itself once it is back", async () => {
    await using proxy = await TcpProxy.start(server.url);
    const { queue, handled } = work(connect({ url: proxy.through(server.url) }));
    const producer = new RedisBackend(queue.name, connect({ url: server.url }));
    await queue.enqueue(1);
    // Settled as well: what is in flight when the network falls silent is delivered again.
    await vi.waitFor(async () => expect((await producer.metrics()).processed).toBe(1), PATIENCE);
    expect(handled).toEqual([1]);
    const events: string[] = [];
    (queue.backend as RedisBackend).on("reconnected", () => void events.push("reconnected"));

    proxy.silence();
    await expect(queue.ping()).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
    // Longer than a command's time-out, a blocking call with its watchdog, and a lease.
    const silentUntil = performance.now() + 3_000;
    await vi.waitFor(() => expect(performance.now()).toBeGreaterThan(silentUntil), PATIENCE);
    await expect(queue.ping()).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    await producer.enqueue([{ id: "meanwhile", body: "2" }]);
    expect(handled).toEqual([1]);

    proxy.restore();
    await vi.waitFor(() => expect(handled).toEqual([1, 2]), PATIENCE);
    await queue.enqueue(3);
    await vi.waitFor(() => expect(handled).toEqual([1, 2, 3]), PATIENCE);
    await queue.ping();
    expect(events).toContain("reconnected");
    await producer.close();
  });

  test("does not hold a close up", async () => {
    await using proxy = await TcpProxy.start(server.url);
    const { queue } = work(connect({ url: proxy.through(server.url) }));
    await queue.enqueue(1);
    const waiting = (queue.backend as RedisBackend).dequeue({ max: 1, leaseMs: 1_000, waitMs: 60_000 });
    proxy.silence();
    const began = performance.now();
    await queue.close({ deadlineMs: 500 });
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(await waiting).toEqual([]);
  });
});

describe("a server that is killed", () => {
  test("and comes back has every job that was answered; the worker goes on by itself", async () => {
    const { queue, handled } = work(connect({ url: server.url }));
    await queue.enqueueMany([1, 2, 3]);
    await vi.waitFor(() => expect(handled).toHaveLength(3), PATIENCE);
    await server.kill9();
    const unanswered = queue.enqueue(4, { id: "while-down" }).catch((error: unknown) => error);
    expect(await unanswered).toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
    await server.restart();
    await vi.waitFor(async () => queue.enqueue(4, { id: "while-down" }), PATIENCE);
    await vi.waitFor(() => expect(new Set(handled)).toEqual(new Set([1, 2, 3, 4])), PATIENCE);
  });

  test("is a clear error for a queue that is opened meanwhile", async () => {
    await using gone = await startRedis();
    const url = gone.url;
    await gone.kill9();
    await using backend = new RedisBackend("gone", connect({ url, commandTimeoutMs: 300 }));
    await expect(backend.ping()).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
    expect(await backend.enqueue([{ id: "a", body: "" }]).catch((error: unknown) => error)).toMatchObject({
      code: "BACKEND_UNAVAILABLE",
    });
  });
});

test("scripts that the server has forgotten are sent again, and nothing is lost", async () => {
  const connection = connect({ url: server.url });
  const { queue, handled } = work(connection);
  for (let n = 0; n < 200; n += 10) {
    await queue.enqueueMany(Array.from({ length: 10 }, (_, index) => n + index));
    await connection.commands.send("", ["SCRIPT", "FLUSH"]);
  }
  await vi.waitFor(() => expect(new Set(handled).size).toBe(200), PATIENCE);
  expect(handled).toHaveLength(200);
});

test("a slot that moves to another node takes its jobs with it while they flow", async () => {
  await using cluster = await startRedisCluster();
  const { queue, handled } = work(connect({ cluster: { nodes: cluster.addresses } }));
  await queue.enqueue(0);
  const tag = `{${queue.name}:0}`;
  const slot = (await cluster.command(0, "CLUSTER", "KEYSLOT", tag)).slice(1).trim();
  const from = Math.min(2, Math.floor((Number(slot) * 3) / 16_384));
  const to = (from + 1) % 3;
  const idOf = async (node: number): Promise<string> =>
    /[0-9a-f]{40}/.exec(await cluster.command(node, "CLUSTER", "MYID"))?.[0] ?? "";
  const [source, target] = [await idOf(from), await idOf(to)];

  await cluster.command(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", source);
  await cluster.command(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", target);
  const producing = (async () => {
    for (let n = 1; n <= 300; n++) await queue.enqueue(n);
  })();
  const port = String(cluster.addresses[to]?.port);
  for (;;) {
    const keys =
      (await cluster.command(from, "CLUSTER", "GETKEYSINSLOT", slot, "50")).match(/chimera:\S+/g) ?? [];
    if (keys.length === 0) break;
    await cluster.command(from, "MIGRATE", "127.0.0.1", port, '""', "0", "5000", "KEYS", ...keys);
  }
  for (const node of [to, from, 3 - to - from]) {
    await cluster.command(node, "CLUSTER", "SETSLOT", slot, "NODE", target);
  }
  await producing;
  await vi.waitFor(() => expect(new Set(handled).size).toBe(301), PATIENCE);
  expect(handled).toHaveLength(301);
}, 60_000);
