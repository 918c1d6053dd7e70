import { randomUUID } from "node:crypto";
import { MemoryDeadLetterStore, silentLogger } from "@chimera/dlq";
import type { EnqueueResult } from "@chimera/queue-core";
import { startRedis, startRedisReplication, TcpProxy, type RedisReplication } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { RedisBackend, RedisConnection, RedisQueue, type RedisConnectionOptions } from "../../src/index.ts";

const PATIENCE = { timeout: 30_000, interval: 50 };

let replication: RedisReplication;
beforeAll(async () => {
  replication = await startRedisReplication();
});
afterAll(async () => replication.stop());

function connect(options: RedisConnectionOptions): RedisConnection {
  const connection = new RedisConnection({ logger: silentLogger, commandTimeoutMs: 2_000, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

describe("an enqueue that waits for replicas", () => {
  test("is confirmed by the one there is", async () => {
    const connection = connect({ url: replication.primary.url });
    await using backend = new RedisBackend(`wait-${randomUUID()}`, connection, {
      durability: { replicas: 1 },
    });
    expect(await backend.enqueue([{ id: "a", body: "" }])).toEqual([{ status: "enqueued", id: "a" }]);
  });

  test("says stored, not confirmed where one is missing, and is safe to send again", async () => {
    const connection = connect({ url: replication.primary.url });
    const options = { durability: { replicas: 2 }, confirmTimeoutMs: 50 };
    await using backend = new RedisBackend(`wait-${randomUUID()}`, connection, options);
    const [result] = await backend.enqueue([{ id: "a", body: "" }]);
    expect(result).toMatchObject({
      status: "unknown",
      error: { code: "BACKEND_UNAVAILABLE", retryable: true },
    });
    expect(String((result as { error: unknown }).error)).toContain("stored, not confirmed");
    expect(await backend.metrics()).toMatchObject({ depth: 1, enqueued: 1 });
  });

  test("is not confirmed by a connection that was made after it, where no replica has it", async () => {
    await using primary = await startRedis();
    await using toReplica = await TcpProxy.start(primary.url);
    const replica = await startRedis({ config: [`replicaof 127.0.0.1 ${toReplica.port}`] });
    onTestFinished(async () => replica.stop());
    await using proxy = await TcpProxy.start(primary.url);
    const connection = connect({ url: proxy.through(primary.url) });
    const options = { durability: { replicas: 1 }, confirmTimeoutMs: 500 };
    await using backend = new RedisBackend(`wait-${randomUUID()}`, connection, options);
    const offer = async (id: string): Promise<EnqueueResult | undefined> =>
      (await backend.enqueue([{ id, body: "" }]))[0];
    await expect.poll(async () => offer("first"), PATIENCE).not.toMatchObject({ status: "unknown" });
    toReplica.silence();
    let cut = false;
    proxy.rules.onReply = () => {
      if (cut) return "forward";
      cut = true;
      return { cutAfterBytes: 0 };
    };
    const result = await offer("second");
    expect(cut).toBe(true);
    expect(String((result as { error: unknown }).error)).toContain("stored, not confirmed: 0 of 1");
  });

  test("does not hold up a heartbeat on the same connection", async () => {
    const connection = connect({ url: replication.primary.url });
    const options = { durability: { replicas: 2 }, confirmTimeoutMs: 1_000 };
    await using backend = new RedisBackend(`wait-${randomUUID()}`, connection, options);
    await using plain = new RedisBackend(backend.name, connection);
    await plain.enqueue([{ id: "held", body: "" }]);
    const [held] = await plain.dequeue({ max: 1, leaseMs: 5_000 });
    const confirming = backend.enqueue([{ id: "slow", body: "" }]);
    let confirmed = false;
    void confirming.then(() => (confirmed = true));
    expect(await plain.extend([held?.receipt ?? ("" as never)], 5_000)).toEqual(["ok"]);
    expect(confirmed).toBe(false);
    await confirming;
  });

  test("that asks for the disk of a server that keeps nothing there is not confirmed, and says why", async () => {
    await using memory = await startRedis();
    expect(await enqueuedToDisk(memory.url)).toMatchObject({
      status: "unknown",
      error: {
        code: "BACKEND_UNAVAILABLE",
        message: expect.stringMatching(/not confirmed: ERR .*WAITAOF/i) as unknown,
      },
    });
  });

  test("that asks for the disk is confirmed where the server can tell, and says so where it cannot", async () => {
    await using disk = await startRedis({ config: ["appendonly yes"] });
    const { version } = await connect({ url: disk.url }).preflight();
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const why = expect.stringMatching(/unknown command 'WAITAOF'/i) as string;
    expect(await enqueuedToDisk(disk.url)).toMatchObject(
      major * 100 + minor >= 702
        ? { status: "enqueued", id: "a" }
        : { status: "unknown", error: { message: why } },
    );
  });
});

async function enqueuedToDisk(url: string): Promise<EnqueueResult | undefined> {
  const options = { durability: "fsync", confirmTimeoutMs: 1_000 } as const;
  await using backend = new RedisBackend("disk", connect({ url }), options);
  return (await backend.enqueue([{ id: "a", body: "" }]))[0];
}

test("a fail-over that Sentinel makes is followed, and confirmed jobs are there after it", async () => {
  const connection = connect({ sentinel: { name: "primary", nodes: replication.sentinels } });
  const name = `failover-${randomUUID()}`;
  const queue = new RedisQueue<number>(name, {
    connection,
    logger: silentLogger,
    durability: { replicas: 1 },
  });
  onTestFinished(async () => queue.close({ deadlineMs: 1_000 }));
  await vi.waitFor(async () => queue.ping(), PATIENCE);
  await Promise.all([1, 2, 3].map(async (n) => queue.enqueue(n, { id: `job-${n}` })));
  await replication.primary.kill9();
  const handled: number[] = [];
  queue.process(async (n) => void handled.push(n), {
    deadLetters: new MemoryDeadLetterStore(),
    leaseMs: 2_000,
  });
  await vi.waitFor(() => expect(new Set(handled)).toEqual(new Set([1, 2, 3])), PATIENCE);
}, 60_000);
