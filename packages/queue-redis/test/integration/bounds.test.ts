import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import type { Delivery } from "@chimera/queue-core";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";
import { partitionKeys } from "../../src/keys.ts";

const LEASE_MS = 10_000;
/** Jobs, and leases, that a call looks at at most. */
const BOUND = 250;
const ids = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${kind}-${index}`);
const jobs = (names: readonly string[], more: object = {}): { id: string; body: string }[] =>
  names.map((id) => ({ id, body: "", ...more }));

describe("what one call leaves to the next", () => {
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
    backend = new RedisBackend(`bounds-${randomUUID()}`, connection);
    await backend.ping();
  });

  const send = async (...words: string[]): Promise<unknown> => connection.commands.send("", words);

  /** Moves the clock on. */
  async function pass(ms: number): Promise<void> {
    const { meta } = partitionKeys("chimera", backend.name, 0);
    await send("HSET", meta, "offset", String(ms));
  }

  /** Scripts that the server has run since it was asked last. */
  async function scriptsRun(): Promise<number> {
    const stats = String(await send("INFO", "commandstats"));
    await send("CONFIG", "RESETSTAT");
    return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce(
      (sum, [, calls]) => sum + Number(calls),
      0,
    );
  }

  test("jobs that a script has to look at go 64 a call, in their order; others 250", async () => {
    // What the server has not run yet is sent twice.
    const other = new RedisBackend("bounds-before", connection);
    for (const fresh of [true, false]) await other.enqueue(jobs(["known"], { fresh }));
    await scriptsRun();
    const results = await backend.enqueue(jobs([...ids("own", 250), "own-7"]));
    expect(await scriptsRun()).toBe(4);
    expect(results.slice(0, 250)).toEqual(ids("own", 250).map((id) => ({ status: "enqueued", id })));
    expect(results[250]).toEqual({ status: "duplicate", id: "own-7" });
    await backend.enqueue(jobs(ids("fresh", 250), { fresh: true }));
    expect(await scriptsRun()).toBe(1);
    const deliveries = [
      ...(await backend.dequeue({ max: 250, leaseMs: LEASE_MS })),
      ...(await backend.dequeue({ max: 250, leaseMs: LEASE_MS })),
    ];
    expect(deliveries.map(({ job }) => job.id)).toEqual([...ids("own", 250), ...ids("fresh", 250)]);
  });

  test.for(["SCRIPT FLUSH", "a connection that was lost"])("keep their order after %s", async (trouble) => {
    await backend.enqueue(jobs(["known"], { fresh: true }));
    if (trouble === "SCRIPT FLUSH") await send("SCRIPT", "FLUSH");
    else await send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no").catch(() => {});
    await vi.waitFor(async () => backend.ping());
    // The server knows one of the two enqueues again.
    await new RedisBackend(backend.name, connection).enqueue(jobs(["again"], { fresh: true }));
    await backend.enqueue([...jobs(ids("own", 64)), ...jobs(ids("fresh", 10), { fresh: true })]);
    const deliveries = await backend.dequeue({ max: 100, leaseMs: LEASE_MS });
    const expected = ["known", "again", ...ids("own", 64), ...ids("fresh", 10)];
    expect(deliveries.map(({ job }) => job.id)).toEqual(expected);
  });

  test("250 ended leases of which nothing is left do not hide one behind them", async () => {
    await backend.enqueue(jobs(ids("pair", 2 * BOUND), { fresh: true }));
    // Of each pair the second is extended by itself, and the first done.
    for (let pair = 0; pair < BOUND; pair++) {
      const [first, second] = (await backend.dequeue({ max: 2, leaseMs: LEASE_MS })) as [Delivery, Delivery];
      await backend.extend([second.receipt], 100 * LEASE_MS);
      await backend.settle([{ receipt: first.receipt, outcome: "done" }]);
    }
    await backend.enqueue(jobs(["behind"], { fresh: true }));
    await backend.dequeue({ max: 1, leaseMs: LEASE_MS + 1_000 });
    await pass(2 * LEASE_MS);
    const found = await backend.dequeue({ max: 5, leaseMs: LEASE_MS });
    expect(found.map(({ job }) => job.id)).toEqual(["behind"]);
  });

  test("a settle that fetches as well finds the job behind 500 that have expired", async () => {
    await backend.enqueue(jobs(["running"], { fresh: true }));
    const [running] = (await backend.dequeue({ max: 1, leaseMs: 100 * LEASE_MS })) as [Delivery];
    await backend.enqueue(jobs(ids("expired", 2 * BOUND), { delayMs: 1_000, expiresInMs: 2_000 }));
    await backend.enqueue(jobs(["live"], { delayMs: 1_500 }));
    await pass(LEASE_MS);
    const settlement = { receipt: running.receipt, outcome: "done" } as const;
    const reply = await backend.settleAndDequeue([settlement], { max: 1, leaseMs: LEASE_MS });
    expect(reply.results).toEqual(["ok"]);
    expect(reply.deliveries.map(({ job }) => job.id)).toEqual(["live"]);
  });

  test("a job that cannot be encoded is answered at once, not tried until the time-out", async () => {
    const startedAt = performance.now();
    const headers = { n: 1n } as unknown as Record<string, string>;
    const [result] = await backend.enqueue([{ id: "odd", body: "", headers }]);
    expect(result).toMatchObject({ status: "unknown" });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
