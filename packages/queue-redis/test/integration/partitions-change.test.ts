import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import type { Delivery, NewJob } from "@chimera/queue-core";
import { startRedis, TcpProxy, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";
import { choosePartition } from "../../src/partition-choice.ts";

let server: TestService;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

/** Another process: a queue with a connection of its own. */
function open(name: string, partitions: number): RedisBackend {
  const connection = new RedisConnection({ url: server.url, logger: silentLogger });
  const backend = new RedisBackend(name, connection, { partitions });
  onTestFinished(async () => {
    await backend.close();
    connection.close();
  });
  return backend;
}

const newName = (): string => `change-${randomUUID()}`;

/** An id whose job comes to this partition of so many. */
function idFor(partition: number, partitions: number, tag = "job"): string {
  for (let index = 0; ; index++) {
    if (choosePartition(`${tag}-${index}`, partitions) === partition) return `${tag}-${index}`;
  }
}

async function drain(backend: RedisBackend): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const deliveries: readonly Delivery[] = await backend.dequeue({ max: 250, leaseMs: 60_000 });
    if (deliveries.length === 0) return ids;
    ids.push(...deliveries.map(({ job }) => job.id));
    await backend.settle(deliveries.map(({ receipt }) => ({ receipt, outcome: "done" })));
  }
}

const CHANGES = [
  [1, 3],
  [3, 1],
  [2, 3],
  [3, 2],
  [4, 2],
] as const;
const STATES = ["waiting", "delayed", "in flight"] as const;
const CASES = CHANGES.flatMap(([from, to]) =>
  STATES.flatMap((state) => Array.from({ length: from }, (_, partition) => ({ from, to, state, partition }))),
);

describe("another number of partitions", () => {
  test.each(CASES)(
    "$to in place of $from is refused while partition $partition has a job $state, and the queue goes on",
    async ({ from, to, state, partition }) => {
      const name = newName();
      const old = open(name, from);
      const job: NewJob = { id: idFor(partition, from), body: "", delayMs: state === "delayed" ? 60_000 : 0 };
      await old.enqueue([job]);
      const held = state === "in flight" ? await old.dequeue({ max: 1, leaseMs: 60_000 }) : [];
      await expect(open(name, to).ping()).rejects.toMatchObject({
        code: "QUEUE_PARTITIONS_DIFFER",
        retryable: false,
        message: expect.stringContaining(`over ${from} partitions, not ${to}`) as string,
      });
      // Whoever had it open, and whoever opens it now.
      for (const backend of [old, open(name, from)]) {
        for (let other = 0; other < from; other++) {
          const id = idFor(other, from);
          const [result] = await backend.enqueue([{ id, body: "" }]);
          expect(["enqueued", "duplicate"]).toContain(result?.status);
        }
      }
      await old.settle(held.map(({ receipt }) => ({ receipt, outcome: "release" })));
      expect(await old.admin.runNow(job.id)).toBe(state === "delayed");
      expect((await drain(old)).length).toBe(from);
    },
  );

  test.each(CHANGES)(
    "%i, then %i: who has the old one open can put no job where nobody looks",
    async (from, to) => {
      const name = newName();
      const old = open(name, from);
      await old.enqueue([{ id: "first", body: "" }]);
      await drain(old);
      const backend = open(name, to);
      await backend.ping();
      for (let partition = 0; partition < from; partition++) {
        await expect(old.enqueue([{ id: idFor(partition, from), body: "" }])).rejects.toMatchObject({
          code: "QUEUE_PARTITIONS_DIFFER",
        });
        await expect(old.dequeue({ max: 1, leaseMs: 1_000 })).rejects.toMatchObject({
          code: "QUEUE_PARTITIONS_DIFFER",
        });
      }
      const jobs = Array.from({ length: to }, (_, partition) => ({ id: idFor(partition, to), body: "" }));
      const results = await backend.enqueue(jobs);
      expect(results.map(({ status }) => status)).toEqual(jobs.map(() => "enqueued"));
      expect((await drain(backend)).toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
      // And back again.
      await open(name, from).ping();
      const [result] = await old.enqueue([{ id: "again", body: "" }]);
      expect(result?.status).toBe("enqueued");
    },
  );

  test("may be chosen by many processes at once", async () => {
    const name = newName();
    await drain(open(name, 2));
    const backends = Array.from({ length: 12 }, () => open(name, 5));
    await Promise.all(backends.map(async (backend) => backend.ping()));
    const results = await Promise.all(
      backends.map(async (backend, index) => backend.enqueue([{ id: `job-${index}`, body: "" }])),
    );
    expect(results.flat().map(({ status }) => status)).toEqual(backends.map(() => "enqueued"));
    expect(await drain(backends[0] as RedisBackend)).toHaveLength(12);
  });

  test.each([
    ["a job comes under the old number", [2]],
    ["another process opens with a third number", [4]],
    ["another process opens with the same", [3]],
    ["jobs come under a third number and under the old one", [4, 2]],
    ["jobs come under the old number and under a third one", [2, 4]],
    ["whoever had this number before it was another comes back", [3, 2]],
  ] as const)("chosen while %s, at any moment of it, loses no job", async (_, numbers) => {
    for (let replies = 0, over = false; !over; replies++) {
      const name = newName();
      // What had it open before the last change, and what has it open now.
      const before = new Map([2, 3, 4].map((number) => [number, open(name, number)]));
      for (const number of [3, 4, 2]) await before.get(number)?.ping();
      const kept: string[] = [];
      over = await openHalfWay(name, replies, async () => {
        for (const number of numbers) {
          for (const backend of [before.get(number) as RedisBackend, open(name, number)]) {
            kept.push(...(await enqueueEverywhere(backend, number, `before-${kept.length}`)));
          }
        }
      });
      for (const [number, backend] of before) {
        kept.push(...(await enqueueEverywhere(backend, number, `after-${number}`)));
      }
      const number = await openedWith(name, [2, 3, 4]);
      expect((await drain(open(name, number))).toSorted(), `after ${replies} replies`).toEqual(
        kept.toSorted(),
      );
    }
  });

  test("given up at any moment is no obstacle to any other", async () => {
    for (const number of [2, 3, 4]) {
      for (let replies = 0, over = false; !over; replies++) {
        const name = newName();
        await open(name, 2).ping();
        over = await openHalfWay(name, replies, "give up");
        const backend = open(name, number);
        const kept = await enqueueEverywhere(backend, number, "after");
        expect(kept).toHaveLength(number);
        expect((await drain(open(name, number))).toSorted()).toEqual(kept.toSorted());
      }
    }
  });
});

/**
 * Opens a queue with three partitions, and stops between two replies for something else. @returns whether there were no
 * more replies than that.
 */
async function openHalfWay(
  name: string,
  replies: number,
  meanwhile: "give up" | (() => Promise<void>),
): Promise<boolean> {
  await using proxy = await TcpProxy.start(server.url);
  const url = proxy.through(server.url);
  // The rest of a call on a connection that was closed lasts as long.
  const commandTimeoutMs = meanwhile === "give up" ? 100 : 5_000;
  using connection = new RedisConnection({ url, commandTimeoutMs, logger: silentLogger });
  await using backend = new RedisBackend(name, connection, { partitions: 3 });
  await connection.preflight();
  let seen = 0;
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      proxy.silence();
      resolve();
    };
    if (replies === 0) stop();
    proxy.rules.onReply = () => {
      if (++seen === replies) stop();
      return "forward";
    };
  });
  const opening = backend.ping().catch((error: unknown) => error);
  await Promise.race([stopped, opening]);
  if (meanwhile === "give up") connection.close();
  else await meanwhile();
  proxy.restore();
  const refusal = await opening;
  if (refusal !== undefined && meanwhile !== "give up") assertRefusal(refusal);
  return seen < replies;
}

function assertRefusal(error: unknown): void {
  expect(error).toMatchObject({ code: "QUEUE_PARTITIONS_DIFFER", retryable: false });
}

/** A job into each partition, as far as they are taken: their ids. */
async function enqueueEverywhere(backend: RedisBackend, partitions: number, tag: string): Promise<string[]> {
  const kept: string[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const id = idFor(partition, partitions, tag);
    const results = await backend.enqueue([{ id, body: "" }]).catch((error: unknown) => {
      assertRefusal(error);
      return [];
    });
    for (const { status } of results) {
      expect(status).toBe("enqueued");
      kept.push(id);
    }
  }
  return kept;
}

/** The number of partitions that the queue opens with. */
async function openedWith(name: string, numbers: readonly number[]): Promise<number> {
  for (const number of numbers) {
    const refusal: unknown = await open(name, number)
      .ping()
      .catch((error: unknown) => error);
    if (refusal === undefined) return number;
  }
  throw new Error(`No number of partitions opens ${name}`);
}
