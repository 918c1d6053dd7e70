import { setTimeout as delay } from "node:timers/promises";
import { silentLogger } from "@chimera/dlq";
import { startRedis } from "@chimera/test-services";
import { expect, onTestFinished, test, vi } from "vitest";
import { RedisConnection, RedisQueue } from "../../src/index.ts";

const IN_FLIGHT = 20;
/** Milliseconds between the enqueues that go on until a snapshot was taken. */
const PACE_MS = 10;
/** Jobs enqueued before the kill; where the server keeps snapshots, after the first of them. */
const PRODUCED = 2_000;

/** What a server that was killed with SIGKILL has of the jobs whose enqueue it had acknowledged. */
type Survivors = "none" | "those of a snapshot" | "all";

const SETTINGS: readonly (readonly [name: string, config: readonly string[], survivors: Survivors])[] = [
  ["no persistence", [], "none"],
  ["RDB (`save 1 1`)", ["save 1 1"], "those of a snapshot"],
  ["`appendfsync no`", ["appendonly yes", "appendfsync no"], "all"],
  ["`appendfsync everysec`", ["appendonly yes", "appendfsync everysec"], "all"],
  ["`appendfsync always`", ["appendonly yes", "appendfsync always"], "all"],
];

test.for(SETTINGS)("a server with %s, killed with SIGKILL", async ([name, config, survivors]) => {
  const server = await startRedis({ config });
  const connection = new RedisConnection({ url: server.url, logger: silentLogger });
  const queue = new RedisQueue<number>("durable", { connection });
  onTestFinished(async () => {
    await queue.close();
    connection.close();
    await server.stop();
  });
  const acknowledged: number[] = [];
  // The second begins after the first, and so after the first job.
  const snapshots = survivors === "those of a snapshot" ? 2 : 0;
  while ((await snapshotsOf(connection)) < snapshots) {
    await produce(queue, IN_FLIGHT, acknowledged);
    await delay(PACE_MS);
  }
  await produce(queue, PRODUCED, acknowledged);
  await server.kill9();
  await server.restart();
  await vi.waitFor(async () => queue.metrics(), 10_000);
  const left = await drain(queue);
  console.log(
    `${name}, kill -9 of Redis: ${acknowledged.length} acknowledged, ${acknowledged.length - left.length} lost`,
  );
  const least = { none: 0, "those of a snapshot": IN_FLIGHT, all: acknowledged.length }[survivors];
  const most = survivors === "none" ? 0 : acknowledged.length;
  expect(left.length).toBeGreaterThanOrEqual(least);
  expect(left.length).toBeLessThanOrEqual(most);
  expect(left).toEqual(acknowledged.slice(0, left.length));
});

/** Enqueues that many more numbers, and notes in order those that were acknowledged. */
async function produce(queue: RedisQueue<number>, count: number, acknowledged: number[]): Promise<void> {
  for (const end = acknowledged.length + count; acknowledged.length < end;) {
    const some = Array.from({ length: IN_FLIGHT }, (_, index) => acknowledged.length + index);
    await Promise.all(some.map(async (n) => queue.enqueue(n)));
    acknowledged.push(...some);
  }
}

/** Every job that the queue holds, in order. */
async function drain(queue: RedisQueue<number>): Promise<number[]> {
  const found: number[] = [];
  for (;;) {
    const jobs = await queue.dequeue({ max: 250 });
    if (jobs.length === 0) return found;
    for (const job of jobs) found.push(job.payload);
    await Promise.all(jobs.map(async (job) => job.done()));
  }
}

async function snapshotsOf(connection: RedisConnection): Promise<number> {
  const text = String(await connection.commands.send("", ["INFO", "persistence"]));
  return Number(/^rdb_saves:(\d+)/m.exec(text)?.[1]);
}
