import { ManualClock } from "@chimera/dlq/testing";
import { expect, test } from "vitest";
import { LocalBackend } from "../../../src/local/local-backend.ts";

const lease = { max: 10, leaseMs: 1_000 };

function newBackend(): { backend: LocalBackend; clock: ManualClock } {
  const clock = new ManualClock();
  return { backend: new LocalBackend("emails", { clock }), clock };
}

test("a bad name or option is refused with what was expected", () => {
  expect(() => new LocalBackend("two words")).toThrow("Expected `name` to be 1 to 100 characters");
  expect(() => new LocalBackend("emails", { maxDepth: 0 })).toThrow(
    expect.objectContaining({
      code: "QUEUE_INVALID",
      message: "Expected `maxDepth` to be an integer >= 1, got `0`",
    }),
  );
});

test("however many dequeues wait and jobs are delayed, one timer is set", async () => {
  const { backend, clock } = newBackend();
  const jobs = Array.from({ length: 100 }, (_, index) => ({
    id: `j${index}`,
    body: "",
    delayMs: 50 + index,
  }));
  await backend.enqueue(jobs);
  expect(clock.pendingCount).toBe(0);
  const waits = Array.from({ length: 100 }, async () => backend.dequeue({ ...lease, max: 1, waitMs: 1_000 }));
  expect(clock.pendingCount).toBe(1);
  await clock.advance(200);
  expect((await Promise.all(waits)).flat()).toHaveLength(100);
  expect(clock.pendingCount).toBe(0);
});

test("jobs of one tick reach a waiting consumer together", async () => {
  const { backend } = newBackend();
  const wait = backend.dequeue({ ...lease, waitMs: 1_000 });
  void backend.enqueue([{ id: "a", body: "" }]);
  void backend.enqueue([{ id: "b", body: "" }]);
  expect((await wait).map(({ job }) => job.id)).toEqual(["a", "b"]);
});

test("who waited first is served first", async () => {
  const { backend } = newBackend();
  const first = backend.dequeue({ ...lease, max: 1, waitMs: 1_000 });
  const second = backend.dequeue({ ...lease, max: 1, waitMs: 1_000 });
  await backend.enqueue([
    { id: "a", body: "" },
    { id: "b", body: "" },
  ]);
  expect((await first)[0]?.job.id).toBe("a");
  expect((await second)[0]?.job.id).toBe("b");
});

test("an aborted wait takes no job and leaves no timer and no listener behind", async () => {
  const { backend, clock } = newBackend();
  const abort = new AbortController();
  const wait = backend.dequeue({ ...lease, waitMs: 1_000, signal: abort.signal });
  abort.abort();
  expect(await wait).toEqual([]);
  expect(clock.pendingCount).toBe(0);
  await backend.enqueue([{ id: "a", body: "" }]);
  expect(await backend.metrics()).toMatchObject({ depth: 1, inFlight: 0 });
});

test("setting the wall clock moves no lease and no delay", async () => {
  const { backend, clock } = newBackend();
  await backend.enqueue([{ id: "a", body: "", delayMs: 1_000 }]);
  clock.setWallTime(clock.now() + 3_600_000);
  expect(await backend.dequeue(lease)).toEqual([]);
  await clock.advance(1_000);
  expect(await backend.dequeue(lease)).toHaveLength(1);
});

test("the age of the oldest ready job survives one that is put before it", async () => {
  const { backend, clock } = newBackend();
  await backend.enqueue([{ id: "taken", body: "" }]);
  const [delivery] = await backend.dequeue(lease);
  await backend.enqueue([{ id: "old", body: "" }]);
  await clock.advance(700);
  await backend.settle([{ receipt: (delivery as NonNullable<typeof delivery>).receipt, outcome: "release" }]);
  expect(await backend.metrics()).toMatchObject({ depth: 2, oldestReadyMs: 700 });
});

test("pages of ready jobs go on where they stopped, also when the last one seen was taken away", async () => {
  const { backend } = newBackend();
  await backend.enqueue([
    { id: "low", body: "", priority: "low" },
    ...Array.from({ length: 5 }, (_, index) => ({ id: `n${index}`, body: "" })),
    { id: "high", body: "", priority: "high" as const },
  ]);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await backend.admin.browse({ state: "ready", limit: 2, ...(cursor && { cursor }) });
    seen.push(...page.jobs.map(({ job }) => job.id));
    await backend.admin.cancel([seen.at(-1) ?? ""]);
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(seen).toEqual(["high", "n0", "n1", "n2", "n3", "n4", "low"]);
});

test("pages of delayed jobs and of jobs in flight go by time", async () => {
  const { backend } = newBackend();
  await backend.enqueue([30, 10, 20].map((delayMs) => ({ id: `d${delayMs}`, body: "", delayMs })));
  const first = await backend.admin.browse({ state: "delayed", limit: 2 });
  expect(first.jobs.map(({ job }) => job.id)).toEqual(["d10", "d20"]);
  const second = await backend.admin.browse({ state: "delayed", limit: 2, cursor: first.cursor ?? "" });
  expect(second.jobs.map(({ job }) => job.id)).toEqual(["d30"]);
  expect(second.cursor).toBeUndefined();
});

test("more than one pass of due jobs is promoted by one dequeue that finds nothing to hand out", async () => {
  const { backend, clock } = newBackend();
  const jobs = Array.from({ length: 300 }, (_, index) => ({
    id: `j${index}`,
    body: "",
    delayMs: 10,
    expiresInMs: 5,
  }));
  await backend.enqueue([...jobs, { id: "last", body: "", delayMs: 11 }]);
  await clock.advance(11);
  expect((await backend.dequeue(lease)).map(({ job }) => job.id)).toEqual(["last"]);
  expect(await backend.metrics()).toMatchObject({ expired: 300, depth: 0, due: 0 });
});

test("a suspect stays where it is for a caller that holds other deliveries, and keeps its age", async () => {
  const { backend, clock } = newBackend();
  await backend.enqueue([{ id: "suspect", body: "" }]);
  for (let crash = 0; crash < 2; crash++) {
    await backend.dequeue(lease);
    await clock.advance(1_001);
  }
  expect(await backend.dequeue({ ...lease, refuseSuspect: true })).toEqual([]);
  await clock.advance(50);
  expect(await backend.metrics()).toMatchObject({ depth: 1, oldestReadyMs: 50 });
  expect(await backend.dequeue(lease)).toMatchObject([{ job: { id: "suspect" }, suspect: true }]);
});
