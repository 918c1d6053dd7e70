import { randomUUID } from "node:crypto";
import { silentLogger, type Logger } from "@chimera/dlq";
import type { Delivery } from "@chimera/queue-core";
import { startRedis, TcpProxy, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { RedisBackend, RedisConnection, type RedisConnectionOptions } from "../../src/index.ts";

const PATIENCE = { timeout: 20_000, interval: 20 };

let server: TestService;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

function connect(options: RedisConnectionOptions = {}): RedisConnection {
  const connection = new RedisConnection({ url: server.url, logger: silentLogger, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

function open(connection: RedisConnection, name = `seen-${randomUUID()}`): RedisBackend {
  const backend = new RedisBackend(name, connection);
  onTestFinished(async () => backend.close({ deadlineMs: 1_000 }));
  return backend;
}

describe("what a server says of itself at the start", () => {
  test.each([
    ["none", []],
    ["rdb", ["save 60 1"]],
    ["aof everysec", ["appendonly yes"]],
    ["aof always", ["appendonly yes", "appendfsync always"]],
  ] as const)("persistence %s", async (persistence, config) => {
    await using other = await startRedis({ config });
    const connection = connect({ url: other.url });
    expect(await connection.preflight()).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as unknown,
      evictionPolicy: "noeviction",
      persistence,
      warnings: [],
    });
    const backend = open(connection);
    await backend.ping();
    expect(backend.health()).toMatchObject({
      connected: true,
      silentMs: expect.any(Number) as unknown,
      waitingMs: 0,
      preflight: { persistence },
    });
  });

  test("an eviction policy that may drop jobs is said once on the log", async () => {
    await using evicting = await startRedis({ config: ["maxmemory 100mb", "maxmemory-policy volatile-ttl"] });
    const said: unknown[] = [];
    const logger: Logger = { ...silentLogger, warn: (event, fields) => void said.push([event, fields]) };
    const connection = connect({ url: evicting.url, logger });
    await Promise.all([open(connection).ping(), open(connection).ping()]);
    expect(said).toEqual([
      [
        "redis.preflight",
        { warning: expect.stringContaining("maxmemory-policy is volatile-ttl") as unknown },
      ],
    ]);
  });
});

describe("events", () => {
  test("tell of leases that were found ended, and a listener that throws hurts nobody", async () => {
    const backend = open(connect());
    const counts: number[] = [];
    const forget = backend.on("reclaimed", ({ count }) => {
      counts.push(count);
      throw new Error("a listener's own trouble");
    });
    await backend.enqueue(["a", "b", "c"].map((id) => ({ id, body: "" })));
    expect(await backend.dequeue({ max: 3, leaseMs: 100 })).toHaveLength(3);
    const again = await backend.dequeue({ max: 3, leaseMs: 100, waitMs: 10_000 });
    expect(again).toHaveLength(3);
    expect(counts).toEqual([3]);
    forget();
    await backend.dequeue({ max: 3, leaseMs: 60_000, waitMs: 10_000 });
    expect(counts).toEqual([3]);
    expect((await backend.metrics()).reclaimed).toBe(6);
  });

  test("tell that the connection is back, and health what is the matter before", async () => {
    await using proxy = await TcpProxy.start(server.url);
    const backend = open(connect({ url: proxy.through(server.url), commandTimeoutMs: 500 }));
    await backend.ping();
    let back = 0;
    backend.on("reconnected", () => void back++);
    proxy.silence();
    await expect(backend.ping()).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    expect(backend.health().connected).toBe(false);
    expect(backend.health().silentMs).toBeGreaterThan(400);
    proxy.restore();
    await vi.waitFor(async () => backend.ping(), PATIENCE);
    expect(back).toBeGreaterThan(0);
    expect(backend.health().connected).toBe(true);
  });
});

test("counters and the rolling latency are those of all processes together", async () => {
  const one = open(connect());
  const second = open(connect(), one.name);
  for (const [backend, durationMs] of [
    [one, 10],
    [second, 30],
  ] as const) {
    await backend.enqueue(Array.from({ length: 50 }, (_, n) => ({ id: `${durationMs}-${n}`, body: "" })));
    const held: Delivery[] = await backend.dequeue({ max: 50, leaseMs: 60_000 });
    await backend.settle(held.map(({ receipt }) => ({ receipt, outcome: "done", durationMs })));
  }
  for (const backend of [one, second]) {
    const { latency, ...counts } = await backend.metrics();
    expect(counts).toMatchObject({ enqueued: 100, processed: 100, depth: 0, inFlight: 0 });
    expect(latency).toMatchObject({ p95: 30, p99: 30 });
    expect(latency.count).toBe(100);
  }
});
