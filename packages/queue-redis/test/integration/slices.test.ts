import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";
import { partitionKeys } from "../../src/keys.ts";

const LEASE_MS = 10_000;
const ids = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${kind}-${index}`);

describe("work that would hold the server up is done in slices", () => {
  let server: TestService;
  let connection: RedisConnection;
  let backend: RedisBackend;
  beforeAll(async () => {
    server = await startRedis();
    connection = new RedisConnection({ url: server.url, logger: silentLogger });
  });
  afterAll(async () => {
    connection.close();
    await server.stop();
  });
  beforeEach(async () => {
    backend = new RedisBackend(`slices-${randomUUID()}`, connection);
    await backend.ping();
  });

  async function send(...words: string[]): Promise<unknown> {
    return connection.commands.send("", words);
  }

  /** Scripts that the server has run since it was asked last. */
  async function scriptsRun(): Promise<number> {
    const stats = String(await send("INFO", "commandstats"));
    await send("CONFIG", "RESETSTAT");
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  test("100 delayed jobs and 100 leases that are due together: all come from one dequeue, the reclaimed first", async () => {
    await backend.enqueue(ids("held", 100).map((id) => ({ id, body: "" })));
    expect(await backend.dequeue({ max: 100, leaseMs: LEASE_MS })).toHaveLength(100);
    await backend.enqueue(ids("delayed", 100).map((id) => ({ id, body: "", delayMs: LEASE_MS })));
    const { meta } = partitionKeys("chimera", backend.name, 0);
    await send("HSET", meta, "offset", String(2 * LEASE_MS));
    await scriptsRun();
    const deliveries = await backend.dequeue({ max: 200, leaseMs: LEASE_MS });
    const handedOut = deliveries.map(({ job }) => job.id);
    expect(handedOut.toSorted()).toEqual([...ids("held", 100), ...ids("delayed", 100)].toSorted());
    const of = (kind: string): string[] => handedOut.filter((id) => id.startsWith(kind));
    expect([of("held"), of("delayed")]).toEqual([ids("held", 100), ids("delayed", 100)]);
    expect(handedOut.slice(0, 32)).toEqual(ids("held", 32));
    expect(await scriptsRun()).toBeGreaterThanOrEqual(4);
    expect(await backend.metrics()).toMatchObject({ depth: 0, delayed: 0, inFlight: 200, reclaimed: 100 });
    const settled = await backend.settle(deliveries.map(({ receipt }) => ({ receipt, outcome: "done" })));
    expect(new Set(settled)).toEqual(new Set(["ok"]));
  });

  test("jobs that a script has to look at go 64 a call, in their order", async () => {
    const jobs = ids("own", 250).map((id) => ({ id, body: "" }));
    await scriptsRun();
    const results = await backend.enqueue([...jobs, { id: "own-7", body: "" }]);
    expect(await scriptsRun()).toBe(4);
    expect(results.slice(0, 250)).toEqual(jobs.map(({ id }) => ({ status: "enqueued", id })));
    expect(results[250]).toEqual({ status: "duplicate", id: "own-7" });
    const deliveries = await backend.dequeue({ max: 250, leaseMs: LEASE_MS });
    expect(deliveries.map(({ job }) => job.id)).toEqual(ids("own", 250));
  });

  test("jobs that nothing has to be looked up for go 250 a call", async () => {
    await scriptsRun();
    await backend.enqueue(ids("fresh", 250).map((id) => ({ id, body: "", fresh: true })));
    expect(await scriptsRun()).toBe(1);
  });
});
