import { silentLogger } from "@chimera/dlq";
import type { Delivery, NewJob, QueueBackend, Receipt, Settlement, SettleResult } from "@chimera/queue-core";
import { startRedis, TcpProxy, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";
import { atEveryByte, type CutRound } from "../support/cut-points.ts";

let server: TestService;
/** Its connections no proxy cuts: it sees what the server holds. */
let witness: RedisConnection;

beforeAll(async () => {
  server = await startRedis();
  witness = new RedisConnection({ url: server.url, logger: silentLogger });
  // The server knows every script from here on, so that the reply that is cut is the script's own.
  await using backend = new RedisBackend("warm-up", witness);
  await backend.enqueue(["a", "b"].map((id) => ({ id, body: "" })));
  const [held] = (await backend.dequeue({ max: 1, leaseMs: 1_000 })) as [Delivery];
  await backend.extend([held.receipt], 1_000);
  await backend.settle([{ receipt: held.receipt, outcome: "retry", delayMs: 60_000 }]);
  await backend.settleAndDequeue([], { max: 1, leaseMs: 1_000 });
  const { admin } = backend;
  await Promise.all([admin.pause(), admin.resume(), admin.get("a"), admin.runNow("a"), admin.cancel(["a"])]);
  await Promise.all([admin.clear(), backend.metrics(), backend.ping()]);
});
afterAll(async () => {
  witness.close();
  await server.stop();
});

/** Two ends of one queue: one behind the proxy, and one that sees what the server holds. */
interface Ends extends CutRound {
  readonly backend: RedisBackend;
  readonly seen: RedisBackend;
}

/** The case at every byte of its reply, each time on a queue of its own that is open already. */
async function cutAnywhere(verb: string, run: (ends: Ends) => Promise<void>): Promise<void> {
  const points = await atEveryByte(server.url, async (round) => {
    const name = `${verb}-${round.number}`;
    await using backend = new RedisBackend(name, round.connection);
    await using seen = new RedisBackend(name, witness);
    await backend.ping();
    // As spread, `whole` would be read before the reply came.
    await run(Object.assign(Object.create(round) as CutRound, { backend, seen }));
  });
  console.log(`${verb}: ${points} of ${points} cut points`);
}

async function settleUntilKnown(
  backend: QueueBackend,
  settlements: readonly Settlement[],
): Promise<SettleResult[]> {
  for (;;) {
    const results = await backend.settle(settlements);
    if (results.every((result) => typeof result === "string")) return results;
  }
}

/** The next delivery, asked for until its lease before has ended. */
async function expectNext(backend: QueueBackend, expected: object): Promise<void> {
  let deliveries: Delivery[] = [];
  await vi.waitFor(
    async () => {
      deliveries = await backend.dequeue({ max: 1, leaseMs: 60_000 });
      expect(deliveries).toHaveLength(1);
    },
    { timeout: 10_000, interval: 20 },
  );
  expect(deliveries).toMatchObject([expected]);
}

const UNAVAILABLE = { code: "BACKEND_UNAVAILABLE", retryable: true };
const caught = (error: unknown): unknown => error;

describe("a reply that is cut after any byte", { timeout: 60_000 }, () => {
  test("of an enqueue: every job is there once, in order, and every answer is right", async () => {
    await cutAnywhere("enqueue", async ({ backend, seen, arm }) => {
      const jobs: NewJob[] = ["a", "b", "a"].map((id) => ({ id, body: id }));
      arm();
      expect((await backend.enqueue(jobs)).map(({ status }) => status)).toEqual([
        "enqueued",
        "enqueued",
        "duplicate",
      ]);
      const deliveries = await seen.dequeue({ max: 10, leaseMs: 1_000 });
      expect(deliveries.map(({ job }) => job.id)).toEqual(["a", "b"]);
    });
  });

  test("of an enqueue of jobs that travel whole: each is there once, in order", async () => {
    await cutAnywhere("enqueue-fresh", async ({ backend, seen, arm }) => {
      const jobs: NewJob[] = ["a", "b", "c"].map((id) => ({ id, body: id, fresh: true }));
      arm();
      expect(await backend.enqueue(jobs)).toEqual(jobs.map(({ id }) => ({ status: "enqueued", id })));
      const deliveries = await seen.dequeue({ max: 10, leaseMs: 1_000 });
      expect(deliveries.map(({ job }) => job.id)).toEqual(["a", "b", "c"]);
      expect(await seen.metrics()).toMatchObject({ enqueued: 3, depth: 0, inFlight: 3 });
    });
  });

  test.for([false, true])(
    "of an enqueue whose job, fresh: %s, is done before it is sent again: it is not done twice",
    async (fresh) => {
      await using proxy = await TcpProxy.start(server.url);
      using cut = new RedisConnection({ url: proxy.through(server.url), logger: silentLogger });
      const name = `done-meanwhile-${fresh}`;
      await using backend = new RedisBackend(name, cut);
      await using seen = new RedisBackend(name, witness);
      await backend.ping();
      let finished: Promise<unknown> | undefined;
      proxy.rules.onReply = () => {
        if (finished !== undefined) return "forward";
        // The reply is swallowed with its connection; the job is worked off before anybody asks again.
        finished = seen
          .dequeue({ max: 1, leaseMs: 1_000 })
          .then(async (held) => seen.settle(held.map(({ receipt }) => ({ receipt, outcome: "done" }))));
        return { cutAfterBytes: 0 };
      };
      expect(await backend.enqueue([{ id: "once", body: "", fresh }])).toEqual([
        { status: "enqueued", id: "once" },
      ]);
      await finished;
      expect(await seen.metrics()).toMatchObject({ enqueued: 1, processed: 1, depth: 0, inFlight: 0 });
    },
  );

  test("of a dequeue: what was handed out comes back when its lease ends, and nothing else", async () => {
    await cutAnywhere("dequeue", async (ends) => {
      const { backend, seen } = ends;
      await seen.enqueue([{ id: "a", body: "x" }]);
      ends.arm();
      const held = await backend.dequeue({ max: 1, leaseMs: 100 }).catch(caught);
      expect(held).toMatchObject(ends.whole ? [{ job: { id: "a" } }] : UNAVAILABLE);
      expect(await seen.metrics()).toMatchObject({ depth: 0, inFlight: 1 });
      await expectNext(seen, { job: { id: "a" }, deliveryCount: 2 });
    });
  });

  test("of a wait: the job is handed out to whoever goes on waiting", async () => {
    await cutAnywhere("wait", async ({ backend, seen, arm }) => {
      // The connection that waits is made by the first wait.
      await backend.dequeue({ max: 1, leaseMs: 100, waitMs: 10 });
      const waiting = backend.dequeue({ max: 1, leaseMs: 100, waitMs: 10_000 });
      await expect
        .poll(() => backend.health().waitingMs, { interval: 1, timeout: 10_000 })
        .toBeGreaterThan(0);
      arm();
      await seen.enqueue([{ id: "a", body: "x" }]);
      const [held] = (await waiting) as [Delivery];
      expect(held.job.id).toBe("a");
      expect(await seen.metrics()).toMatchObject({ enqueued: 1, depth: 0 });
    });
  });

  test("of a settle with the next jobs: what was settled counts once, what was handed out comes back", async () => {
    await cutAnywhere("settle-and-dequeue", async (ends) => {
      const { backend, seen } = ends;
      await seen.enqueue(["a", "b"].map((id) => ({ id, body: id })));
      const [held] = (await seen.dequeue({ max: 1, leaseMs: 60_000 })) as [Delivery];
      const settlements = [{ receipt: held.receipt, outcome: "done" }] as const;
      ends.arm();
      const reply = await backend.settleAndDequeue(settlements, { max: 5, leaseMs: 100 }).catch(caught);
      expect(reply).toMatchObject(
        ends.whole ? { results: ["ok"], deliveries: [{ job: { id: "b" } }] } : UNAVAILABLE,
      );
      // Sent again it is stale: it was settled by the first call.
      expect(await settleUntilKnown(backend, settlements)).toEqual(["stale"]);
      expect(await seen.metrics()).toMatchObject({ processed: 1, depth: 0, inFlight: 1 });
      await expectNext(seen, { job: { id: "b" }, deliveryCount: 2 });
    });
  });

  test.each([
    [
      "settle",
      { processed: 1, depth: 0, inFlight: 0 },
      async (backend: RedisBackend, receipt: Receipt) =>
        settleUntilKnown(backend, [{ receipt, outcome: "done" }]),
    ],
    [
      "retry",
      { retried: 1, depth: 1, inFlight: 0 },
      async (backend: RedisBackend, receipt: Receipt) =>
        settleUntilKnown(backend, [{ receipt, outcome: "retry", delayMs: 0 }]),
    ],
    [
      "release",
      { depth: 1, inFlight: 0 },
      async (backend: RedisBackend, receipt: Receipt) =>
        settleUntilKnown(backend, [{ receipt, outcome: "release" }]),
    ],
    [
      "dead",
      { deadLettered: 1, depth: 0, inFlight: 0 },
      async (backend: RedisBackend, receipt: Receipt) =>
        settleUntilKnown(backend, [{ receipt, outcome: "dead" }]),
    ],
    [
      "extend",
      { depth: 0, inFlight: 1 },
      async (backend: RedisBackend, receipt: Receipt) => backend.extend([receipt], 5_000),
    ],
  ] as const)("of a %s: sent again under its receipt it counts once", async (verb, expected, call) => {
    await cutAnywhere(verb, async ({ backend, seen, arm }) => {
      await seen.enqueue([{ id: "a", body: "x" }]);
      const [held] = (await seen.dequeue({ max: 1, leaseMs: 5_000 })) as [Delivery];
      arm();
      const [result] = await call(backend, held.receipt);
      expect(["ok", "stale"]).toContain(result);
      expect(await seen.metrics()).toMatchObject(expected);
    });
  });

  test.each([
    ["cancel", { cancelled: 1, delayed: 0 }, async ({ admin }: RedisBackend) => admin.cancel(["a"])],
    ["clear", { cancelled: 1, delayed: 0 }, async ({ admin }: RedisBackend) => admin.clear()],
    ["run-now", { depth: 1, delayed: 0 }, async ({ admin }: RedisBackend) => admin.runNow("a")],
    ["pause", { paused: true, delayed: 1 }, async ({ admin }: RedisBackend) => admin.pause()],
    ["resume", { paused: false, delayed: 1 }, async ({ admin }: RedisBackend) => admin.resume()],
    ["ping", { delayed: 1 }, async (backend: RedisBackend) => backend.ping()],
  ] as const)("of a %s: it is done once, and whoever cannot know says so", async (verb, expected, call) => {
    await cutAnywhere(verb, async ({ backend, seen, arm }) => {
      await seen.enqueue([{ id: "a", body: "", delayMs: 60_000 }]);
      arm();
      const answer: unknown = await call(backend).catch(caught);
      expect(answer instanceof Error ? answer : UNAVAILABLE).toMatchObject(UNAVAILABLE);
      expect(await seen.metrics()).toMatchObject(expected);
    });
  });
});
