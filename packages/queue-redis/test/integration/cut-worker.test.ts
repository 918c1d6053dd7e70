import { MemoryDeadLetterStore, silentLogger } from "@chimera/dlq";
import { startRedis, TcpProxy, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { RedisBackend, RedisConnection, RedisQueue } from "../../src/index.ts";
import { inParallel } from "../support/cut-points.ts";

const PATIENCE = { timeout: 20_000, interval: 10 };
const LEASE_MS = 300;
const JOBS = 12;

let server: TestService;
let witness: RedisConnection;
beforeAll(async () => {
  server = await startRedis();
  witness = new RedisConnection({ url: server.url, logger: silentLogger });
});
afterAll(async () => {
  witness.close();
  await server.stop();
});

/** Which reply of a producer's and worker's life is cut, and how much of it gets through. */
interface CutPoint {
  readonly reply: number;
  readonly share: 0 | 0.5 | 1;
}

/** Enqueues and works jobs off behind a proxy until the reply was cut; answers how many replies there were. */
async function live(point: CutPoint | undefined): Promise<number> {
  await using proxy = await TcpProxy.start(server.url);
  using connection = new RedisConnection({ url: proxy.through(server.url), logger: silentLogger });
  const name = `life-${point?.reply ?? "whole"}-${point?.share ?? ""}`;
  await using seen = new RedisBackend(name, witness);
  let replies = 0;
  proxy.rules.onReply = (chunk) => {
    const cut = replies++ === point?.reply;
    return cut ? { cutAfterBytes: Math.floor(chunk.length * (point?.share ?? 1)) } : "forward";
  };
  const queue = new RedisQueue<number>(name, { connection, logger: silentLogger });
  const handled: number[] = [];
  queue.process(async (n) => void handled.push(n), {
    deadLetters: new MemoryDeadLetterStore(),
    leaseMs: LEASE_MS,
  });
  const wanted = point?.reply ?? 0;
  let jobs = 0;
  for (let seenReplies = 0; jobs < JOBS || seenReplies <= wanted; seenReplies = replies) {
    // Each is sent again by the queue itself while its outcome is unknown.
    await queue.enqueue(jobs, { id: `job-${jobs}` });
    jobs++;
  }
  await vi.waitFor(async () => {
    expect(await seen.metrics()).toMatchObject({ processed: jobs, depth: 0, delayed: 0, inFlight: 0 });
  }, PATIENCE);
  const { enqueued, reclaimed } = await seen.metrics();
  expect(enqueued).toBe(jobs);
  expect(new Set(handled).size).toBe(jobs);
  // A second delivery has one way only: a lease that ended.
  expect(handled.length - jobs).toBeLessThanOrEqual(reclaimed);
  await queue.close({ deadlineMs: 1_000 });
  return replies;
}

test("a connection cut at any reply of a producer's and worker's life: every job is done, the counts stay right", async () => {
  const replies = await live(undefined);
  expect(replies).toBeGreaterThan(JOBS);
  const points = Array.from({ length: replies }, (_, reply) =>
    ([0, 0.5, 1] as const).map((share): CutPoint => ({ reply, share })),
  ).flat();
  await inParallel(points, async (point) => void (await live(point)));
  console.log(`a worker's life: ${points.length} of ${points.length} cut points`);
}, 120_000);
