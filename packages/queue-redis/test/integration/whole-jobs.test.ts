import { randomUUID } from "node:crypto";
import { silentLogger, systemClock, type Clock } from "@chimera/dlq";
import type { Delivery, NewJob } from "@chimera/queue-core";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";

let server: TestService;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

function open(clock: Clock = systemClock): RedisBackend {
  const connection = new RedisConnection({ url: server.url, logger: silentLogger, clock });
  const backend = new RedisBackend(`whole-${randomUUID()}`, connection);
  onTestFinished(async () => {
    await backend.close({ deadlineMs: 1_000 });
    connection.close();
  });
  return backend;
}

const fresh = (id: string, more: Partial<NewJob> = {}): NewJob => ({ id, body: id, fresh: true, ...more });
const named = (count: number): string[] => Array.from({ length: count }, (_, index) => `job-${index}`);

async function enqueueAll(backend: RedisBackend, jobs: readonly NewJob[]): Promise<void> {
  const results = await backend.enqueue(jobs);
  expect(results).toEqual(jobs.map(({ id }) => ({ status: "enqueued", id })));
}

async function takeAll(backend: RedisBackend, max: number): Promise<Delivery[]> {
  const all: Delivery[] = [];
  for (;;) {
    const some = await backend.dequeue({ max, leaseMs: 60_000 });
    if (some.length === 0) return all;
    all.push(...some);
  }
}

const idsOf = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ job }) => job.id);

describe("a job that travels whole", () => {
  test("is found and cancelled wherever it is, beyond the slices of one search too", async () => {
    const backend = open();
    await enqueueAll(
      backend,
      named(1_300).map((id) => fresh(id)),
    );
    const held: Delivery[] = [];
    for (let lease = 0; lease < 6; lease++)
      held.push(...(await backend.dequeue({ max: 20, leaseMs: 60_000 })));
    // In the first and the last lease; at the head, in the middle and at the tail of the list.
    const gone = ["job-0", "job-119", "job-120", "job-700", "job-1299"];
    expect(await backend.admin.get("job-119")).toMatchObject({ state: "in-flight", deliveryCount: 1 });
    expect(await backend.admin.get("job-700")).toMatchObject({ state: "ready", deliveryCount: 0 });
    expect(await backend.admin.cancel([...gone, "job-0", "never"])).toEqual([
      ...gone.map(() => true),
      false,
      false,
    ]);
    expect(await backend.metrics()).toMatchObject({ depth: 1_177, inFlight: 118, cancelled: 5 });
    for (const id of gone) expect(await backend.admin.get(id)).toBeUndefined();
    const ends = await backend.settle(held.map(({ receipt }) => ({ receipt, outcome: "done" })));
    expect(idsOf(held).filter((_, index) => ends[index] === "stale")).toEqual(["job-0", "job-119"]);
    const rest = await takeAll(backend, 250);
    expect(idsOf(rest)).toEqual(
      named(1_300)
        .slice(120)
        .filter((id) => !gone.includes(id)),
    );
    expect(await backend.metrics()).toMatchObject({ depth: 0, inFlight: 1_177, processed: 118 });
  });

  test("keeps its place among jobs of other kinds", async () => {
    const backend = open();
    const jobs = [
      fresh("a"),
      fresh("b", { body: "x".repeat(5_000) }),
      fresh("c", { headers: { trace: "1" }, maxDeliveries: 3 }),
      { id: "d", body: "d" },
      fresh("e"),
    ];
    await enqueueAll(backend, jobs);
    await enqueueAll(backend, [fresh("f"), fresh("high", { priority: "high" })]);
    const taken = await takeAll(backend, 3);
    expect(idsOf(taken)).toEqual(["high", "a", "b", "c", "d", "e", "f"]);
    expect(taken.map(({ job }) => job.body.length)).toEqual([4, 1, 5_000, 1, 1, 1, 1]);
    expect(taken[3]?.job.headers).toEqual({ trace: "1" });
  });

  test("has the server's time, whatever its producer's clock does", async () => {
    let jumpMs = 0;
    const backend = open({ ...systemClock, monotonic: () => systemClock.monotonic() + jumpMs });
    for (const jump of [0, 0, 3_600_000, -3_600_000, 50]) {
      jumpMs += jump;
      const before = Date.now();
      await enqueueAll(backend, [fresh(randomUUID())]);
      const [delivery] = await takeAll(backend, 1);
      // As far back as a guess may be.
      expect(delivery?.enqueuedAt).toBeGreaterThanOrEqual(before - 101);
      expect(delivery?.enqueuedAt).toBeLessThanOrEqual(Date.now());
    }
  });

  test("is refused beyond the depth limit, in order, and leaves no trace", async () => {
    const connection = new RedisConnection({ url: server.url, logger: silentLogger });
    onTestFinished(() => connection.close());
    await using backend = new RedisBackend(`whole-${randomUUID()}`, connection, { maxDepth: 3 });
    const results = await backend.enqueue(named(5).map((id) => fresh(id)));
    expect(results.map(({ status }) => status)).toEqual(["enqueued", "enqueued", "enqueued", "full", "full"]);
    expect(await backend.metrics()).toMatchObject({ depth: 3, enqueued: 3 });
    expect(await backend.admin.clear()).toBe(3);
    expect(await backend.metrics()).toMatchObject({ depth: 0, inFlight: 0, cancelled: 3 });
  });
});
