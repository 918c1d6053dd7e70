import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection, type RedisConnectionOptions } from "../../src/index.ts";
import { partitionKeys } from "../../src/keys.ts";

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

const send = async (connection: RedisConnection, ...words: string[]): Promise<unknown> =>
  connection.commands.send("", words);

describe("a server at its maxmemory", () => {
  test("refuses an enqueue whole, and drains by itself", async () => {
    await using full = await startRedis();
    const connection = connect({ url: full.url });
    await using backend = new RedisBackend("full", connection);
    const body = "x".repeat(10_000);
    const batch = (from: number): { id: string; body: string }[] =>
      Array.from({ length: 50 }, (_, index) => ({ id: `j${from + index}`, body }));
    await backend.enqueue(batch(0));
    const [held] = await backend.dequeue({ max: 1, leaseMs: 60_000 });
    await send(connection, "CONFIG", "SET", "maxmemory", "1mb");

    const refused = await backend.enqueue(batch(50));
    expect(refused).toHaveLength(50);
    for (const result of refused) {
      expect(result).toMatchObject({ status: "unknown", error: { code: "BACKEND_FULL", retryable: true } });
    }
    expect(await backend.metrics()).toMatchObject({ enqueued: 50, depth: 49, inFlight: 1 });
    expect(await backend.admin.get("j50")).toBeUndefined();

    await backend.admin.pause();
    expect(await backend.dequeue({ max: 1, leaseMs: 60_000 })).toEqual([]);
    await backend.admin.resume();

    expect(await backend.extend([held?.receipt ?? ("" as never)], 60_000)).toEqual(["ok"]);
    expect(await backend.settle([{ receipt: held?.receipt ?? ("" as never), outcome: "done" }])).toEqual([
      "ok",
    ]);
    for (let left = 49; left > 0;) {
      const deliveries = await backend.dequeue({ max: 10, leaseMs: 60_000 });
      const { results } = await backend
        .settleAndDequeue(
          deliveries.map(({ receipt }) => ({ receipt, outcome: "done" })),
          { max: 1, leaseMs: 100 },
        )
        .then(async ({ results: settled, deliveries: more }) => {
          await backend.settle(more.map(({ receipt }) => ({ receipt, outcome: "release" })));
          return { results: settled };
        });
      expect(results.every((result) => result === "ok")).toBe(true);
      left -= deliveries.length;
    }
    expect(await backend.metrics()).toMatchObject({ processed: 50, depth: 0, inFlight: 0 });
    await send(connection, "CONFIG", "SET", "maxmemory", "0");
    expect((await backend.enqueue([{ id: "j50", body }]))[0]?.status).toBe("enqueued");
  });

  test("that evicts is warned of, and refused when strict", async () => {
    await using evicting = await startRedis({ config: ["maxmemory 100mb", "maxmemory-policy allkeys-lru"] });
    const { warnings } = await connect({ url: evicting.url }).preflight();
    expect(warnings).toEqual(["maxmemory-policy is allkeys-lru: Redis may drop jobs; set it to noeviction"]);
    await using backend = new RedisBackend("strict", connect({ url: evicting.url, strict: true }));
    await expect(backend.ping()).rejects.toMatchObject({ code: "QUEUE_INVALID" });
  });
});

describe("a ping", () => {
  test.for([1, 3])("over %i partitions is refused where an enqueue would be", async (partitions) => {
    await using refusing = await startRedis();
    const connection = connect({ url: refusing.url, commandTimeoutMs: 300 });
    await using backend = new RedisBackend("pinged", connection, { partitions });
    await backend.ping();
    for (const [refuse, allow, word] of [
      [["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "READONLY"],
      [
        ["CONFIG", "SET", "min-replicas-to-write", "1"],
        ["CONFIG", "SET", "min-replicas-to-write", "0"],
        "NOREPLICAS",
      ],
    ] as const) {
      await send(connection, ...refuse);
      const [result] = await backend.enqueue([{ id: word, body: "" }]);
      expect(result).toMatchObject({ status: "unknown" });
      await expect(backend.ping()).rejects.toMatchObject({
        code: "BACKEND_UNAVAILABLE",
        retryable: true,
        message: `Redis could not answer: ${word}`,
      });
      await send(connection, ...allow);
      await backend.ping();
    }
    expect(await backend.metrics()).toMatchObject({ enqueued: 0 });
  });

  test("is answered by a server at its maxmemory, which still drains, and changes nothing", async () => {
    await using full = await startRedis();
    const connection = connect({ url: full.url });
    await using backend = new RedisBackend("pinged", connection);
    await backend.ping();
    await send(connection, "CONFIG", "SET", "maxmemory", "1");
    const { meta } = partitionKeys("chimera", "pinged", 0);
    const before = await send(connection, "HGETALL", meta);
    await backend.ping();
    expect(await send(connection, "HGETALL", meta)).toEqual(before);
  });

  test("of a queue that has come over another number of partitions meanwhile says so", async () => {
    const name = `pinged-${randomUUID()}`;
    const connection = connect();
    await using three = new RedisBackend(name, connection, { partitions: 3 });
    await three.ping();
    await using two = new RedisBackend(name, connection, { partitions: 2 });
    await two.ping();
    await expect(three.ping()).rejects.toMatchObject({ code: "QUEUE_PARTITIONS_DIFFER" });
  });
});

describe("a queue that was laid out differently", () => {
  test("by a newer release is left alone", async () => {
    const connection = connect();
    const keys = partitionKeys("chimera", "newer", 0);
    await send(connection, "HSET", keys.meta, "layout", "2");
    await using backend = new RedisBackend("newer", connection);
    await expect(backend.enqueue([{ id: "a", body: "" }])).rejects.toMatchObject({
      code: "QUEUE_LAYOUT_NEWER",
    });
    expect(await send(connection, "KEYS", "chimera:{newer:0}:*")).toEqual([keys.meta]);
  });

  test("while it was open is left alone", async () => {
    const connection = connect();
    const keys = partitionKeys("chimera", "upgraded", 0);
    await using backend = new RedisBackend("upgraded", connection);
    await backend.ping();
    await send(connection, "HSET", keys.meta, "layout", "2");
    await expect(backend.enqueue([{ id: "a", body: "" }])).rejects.toMatchObject({
      code: "QUEUE_LAYOUT_NEWER",
    });
    await expect(backend.dequeue({ max: 1, leaseMs: 100 })).rejects.toMatchObject({
      code: "QUEUE_LAYOUT_NEWER",
    });
  });

  test("over another number of partitions is refused while it has jobs, and taken over when it has none", async () => {
    const connection = connect();
    const name = `spread-${randomUUID()}`;
    await using three = new RedisBackend(name, connection, { partitions: 3 });
    await three.enqueue([{ id: "only", body: "" }]);
    for (const partitions of [1, 2, 5]) {
      await using other = new RedisBackend(name, connection, { partitions });
      await expect(other.ping()).rejects.toMatchObject({ code: "QUEUE_PARTITIONS_DIFFER" });
    }
    await three.admin.clear();
    await using one = new RedisBackend(name, connection);
    await one.ping();
    await expect(three.enqueue([{ id: "late", body: "" }])).rejects.toMatchObject({
      code: "QUEUE_PARTITIONS_DIFFER",
    });
  });
});
