import { silentLogger } from "@chimera/dlq";
import type { Delivery, NewJob, QueueBackend, Receipt, Settlement, SettleResult } from "@chimera/queue-core";
import { startRedis, TcpProxy, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";

let server: TestService;
let proxy: TcpProxy;
/** A backend whose connections no proxy cuts: it sees what the server holds. */
let witness: RedisConnection;
/** The one whose replies are cut. */
let cut: RedisConnection;

beforeAll(async () => {
  server = await startRedis();
  proxy = await TcpProxy.start(server.url);
  witness = new RedisConnection({ url: server.url, logger: silentLogger });
  cut = new RedisConnection({ url: proxy.through(server.url), logger: silentLogger });
  // The server knows every script from here on, so that the reply that is cut is the script's own.
  await using backend = new RedisBackend("warm-up", witness);
  await backend.enqueue([{ id: "a", body: "" }]);
  const [held] = (await backend.dequeue({ max: 1, leaseMs: 1_000 })) as [Delivery];
  await backend.extend([held.receipt], 1_000);
  await backend.settle([{ receipt: held.receipt, outcome: "done" }]);
  await backend.metrics();
  await backend.ping();
});
afterAll(async () => {
  witness.close();
  cut.close();
  await proxy.stop();
  await server.stop();
});

/** Where in a reply the connection ends: before its first byte, within it, and after its last. */
interface CutPoint {
  readonly keepBytes: number;
}

/** Lets one reply through up to the cut point and answers how long it was. */
function cutNextReply(point: CutPoint | undefined): { readonly length: () => number } {
  let length = 0;
  let pending = true;
  proxy.rules.onReply = (chunk) => {
    if (!pending) return "forward";
    pending = false;
    length = chunk.length;
    return point === undefined ? "forward" : { cutAfterBytes: Math.min(point.keepBytes, chunk.length) };
  };
  return { length: () => length };
}

/** Runs a case with its reply whole, to learn its length, and then cut after every byte. */
async function atEveryByte(
  run: (round: number, point: CutPoint | undefined) => Promise<number>,
): Promise<number> {
  const length = await run(0, undefined);
  for (let keepBytes = 0; keepBytes < length; keepBytes++) await run(keepBytes + 1, { keepBytes });
  return length;
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

describe("a reply that is cut after any byte", () => {
  test("of an enqueue: every job is there once, in order, and every answer is right", async () => {
    const points = await atEveryByte(async (round, point) => {
      const name = `enqueue-${round}`;
      await using backend = new RedisBackend(name, cut);
      await using seen = new RedisBackend(name, witness);
      await backend.ping();
      const jobs: NewJob[] = ["a", "b", "a"].map((id) => ({ id, body: id }));
      const reply = cutNextReply(point);
      expect((await backend.enqueue(jobs)).map(({ status }) => status)).toEqual([
        "enqueued",
        "enqueued",
        "duplicate",
      ]);
      const deliveries = await seen.dequeue({ max: 10, leaseMs: 1_000 });
      expect(deliveries.map(({ job }) => job.id)).toEqual(["a", "b"]);
      return reply.length();
    });
    console.log(`enqueue: ${points} of ${points} cut points`);
  });

  test("of an enqueue whose job is done before it is sent again: it is not done twice", async () => {
    const name = "done-meanwhile";
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
    expect(await backend.enqueue([{ id: "once", body: "" }])).toEqual([{ status: "enqueued", id: "once" }]);
    await finished;
    expect(await seen.metrics()).toMatchObject({ enqueued: 1, processed: 1, depth: 0, inFlight: 0 });
  });

  test("of a dequeue: what was handed out comes back when its lease ends, and nothing else", async () => {
    const points = await atEveryByte(async (round, point) => {
      const name = `dequeue-${round}`;
      await using backend = new RedisBackend(name, cut);
      await using seen = new RedisBackend(name, witness);
      await seen.enqueue([{ id: "a", body: "x" }]);
      await backend.ping();
      const reply = cutNextReply(point);
      const held = await backend.dequeue({ max: 1, leaseMs: 100 }).catch((error: unknown) => error);
      // Without its last byte a reply says everything already.
      const whole = point === undefined || point.keepBytes >= reply.length() - 1;
      expect(held).toMatchObject(
        whole ? [{ job: { id: "a" } }] : { code: "BACKEND_UNAVAILABLE", retryable: true },
      );
      expect(await seen.metrics()).toMatchObject({ depth: 0, inFlight: 1 });
      return reply.length();
    });
    const name = `dequeue-${points}`;
    await using seen = new RedisBackend(name, witness);
    const [again] = await seen.dequeue({ max: 1, leaseMs: 1_000, waitMs: 2_000 });
    expect(again).toMatchObject({ job: { id: "a" }, deliveryCount: 2 });
    console.log(`dequeue: ${points} of ${points} cut points`);
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
      "extend",
      { depth: 0, inFlight: 1 },
      async (backend: RedisBackend, receipt: Receipt) => backend.extend([receipt], 5_000),
    ],
  ] as const)("of a %s: sent again under its receipt it counts once", async (verb, expected, call) => {
    const points = await atEveryByte(async (round, point) => {
      const name = `${verb}-${round}`;
      await using backend = new RedisBackend(name, cut);
      await using seen = new RedisBackend(name, witness);
      await seen.enqueue([{ id: "a", body: "x" }]);
      const [held] = (await seen.dequeue({ max: 1, leaseMs: 5_000 })) as [Delivery];
      await backend.ping();
      const reply = cutNextReply(point);
      const [result] = await call(backend, held.receipt);
      expect(["ok", "stale"]).toContain(result);
      expect(await seen.metrics()).toMatchObject(expected);
      return reply.length();
    });
    console.log(`${verb}: ${points} of ${points} cut points`);
  });
});
