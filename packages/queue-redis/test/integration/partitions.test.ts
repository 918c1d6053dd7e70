import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import type { Delivery } from "@chimera/queue-core";
import { startRedis, startRedisCluster } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection, type RedisConnectionOptions } from "../../src/index.ts";
import { partitionKeys } from "../../src/keys.ts";
import { choosePartition } from "../../src/partition-choice.ts";

const PARTITIONS = 3;
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `job-${index}`);
const idsOf = (deliveries: readonly Delivery[]): Set<string> => new Set(deliveries.map(({ job }) => job.id));

describe.for([
  ["one Redis", oneServer],
  ["a cluster of three nodes", threeNodes],
] as const)("a queue over three partitions on %s", ([, start]) => {
  let connection: RedisConnection;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const started = await start();
    stop = started.stop;
    connection = new RedisConnection({ ...started.options, logger: silentLogger });
  });
  afterAll(async () => {
    connection.close();
    await stop();
  });

  function open(name = `parts-${randomUUID()}`, maxDepth?: number): RedisBackend {
    const options = { partitions: PARTITIONS, ...(maxDepth !== undefined && { maxDepth }) };
    const backend = new RedisBackend(name, connection, options);
    onTestFinished(async () => backend.close());
    return backend;
  }

  test("hands out every job once, and counts over all partitions", async () => {
    const backend = open();
    const ids = names(300);
    const results = await backend.enqueue(ids.map((id) => ({ id, body: id })));
    expect(results).toEqual(ids.map((id) => ({ status: "enqueued", id })));
    expect(await backend.metrics()).toMatchObject({ depth: 300, enqueued: 300 });
    const deliveries = [
      ...(await backend.dequeue({ max: 250, leaseMs: 5_000 })),
      ...(await backend.dequeue({ max: 250, leaseMs: 5_000 })),
    ];
    expect(deliveries).toHaveLength(300);
    expect(idsOf(deliveries)).toEqual(new Set(ids));
    const settled = await backend.settle(deliveries.map(({ receipt }) => ({ receipt, outcome: "done" })));
    expect(new Set(settled)).toEqual(new Set(["ok"]));
    expect(await backend.metrics()).toMatchObject({ depth: 0, inFlight: 0, processed: 300 });
  });

  test("keeps a dedup key in one place, whatever the ids", async () => {
    const backend = open();
    const jobs = names(30).map((id, index) => ({ id, body: "", dedupKey: `key-${index % 3}` }));
    const results = await backend.enqueue(jobs);
    expect(results.filter(({ status }) => status === "enqueued")).toHaveLength(3);
    expect(results[29]).toEqual({ status: "duplicate", id: "job-2" });
  });

  test("cancels, looks up, runs now and lists a job wherever it is", async () => {
    const backend = open();
    await backend.enqueue(names(20).map((id) => ({ id, body: "", delayMs: 60_000 })));
    expect(await backend.admin.runNow("job-3")).toBe(true);
    expect(await backend.admin.get("job-7")).toMatchObject({ state: "delayed" });
    expect(await backend.admin.cancel(["job-7", "nobody", "job-8"])).toEqual([true, false, true]);
    const seen = new Set<string>();
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await backend.admin.browse({
        state: "delayed",
        limit: 4,
        ...(cursor !== undefined && { cursor }),
      });
      for (const { job } of page.jobs) seen.add(job.id);
      cursor = page.cursor;
    }
    expect(seen.size).toBe(17);
    expect(await backend.admin.clear()).toBe(18);
  });

  test("wakes a consumer that waits, whichever partition the job comes to", async () => {
    const backend = open();
    const producer = open(backend.name);
    await producer.ping();
    for (const id of names(6)) {
      const waiting = backend.dequeue({ max: 1, leaseMs: 5_000, waitMs: 10_000 });
      await expect.poll(async () => backend.health().connected).toBe(true);
      const enqueuedAt = performance.now();
      await producer.enqueue([{ id, body: "" }]);
      expect(idsOf(await waiting)).toEqual(new Set([id]));
      // Never slower than the second that a lost wake-up costs.
      expect(performance.now() - enqueuedAt).toBeLessThan(1_500);
    }
  });

  test("bounds each partition at its share of maxDepth", async () => {
    const backend = open(undefined, 9);
    const results = await backend.enqueue(names(60).map((id) => ({ id, body: "" })));
    expect(results.filter(({ status }) => status === "enqueued")).toHaveLength(9);
    expect(results.filter(({ status }) => status === "full")).toHaveLength(51);
    expect(await backend.metrics()).toMatchObject({ depth: 9 });
  });

  test("hands out what it holds when a partition fails, and says so when it holds nothing", async () => {
    const backend = open();
    const jobs = names(30).map((id) => ({ id, body: "" }));
    await backend.enqueue(jobs);
    const { meta } = partitionKeys("chimera", backend.name, 1);
    await connection.commands.send(meta, ["HSET", meta, "layout", "999"]);
    const others = new Set(names(30).filter((id) => choosePartition(id, PARTITIONS) !== 1));
    const handedOut: Delivery[] = [];
    const failures: unknown[] = [];
    for (let turn = 0; turn < PARTITIONS; turn++) {
      const found = await backend.dequeue({ max: 30, leaseMs: 5_000 }).catch((error: unknown) => {
        failures.push(error);
        return [];
      });
      handedOut.push(...found);
    }
    expect(idsOf(handedOut)).toEqual(others);
    expect(handedOut).toHaveLength(others.size);
    expect(failures).toEqual([expect.objectContaining({ code: "QUEUE_LAYOUT_NEWER" })]);
  });

  test("pauses everywhere", async () => {
    const backend = open();
    await backend.enqueue(names(9).map((id) => ({ id, body: "" })));
    await backend.admin.pause();
    expect(await backend.dequeue({ max: 9, leaseMs: 1_000 })).toEqual([]);
    expect(await backend.metrics()).toMatchObject({ paused: true, depth: 9 });
    await backend.admin.resume();
    expect(await backend.dequeue({ max: 9, leaseMs: 1_000 })).toHaveLength(9);
  });
});

interface Started {
  readonly options: RedisConnectionOptions;
  readonly stop: () => Promise<void>;
}

async function oneServer(): Promise<Started> {
  const server = await startRedis();
  return { options: { url: server.url }, stop: async () => server.stop() };
}

async function threeNodes(): Promise<Started> {
  const cluster = await startRedisCluster();
  return { options: { cluster: { nodes: cluster.addresses } }, stop: async () => cluster.stop() };
}
