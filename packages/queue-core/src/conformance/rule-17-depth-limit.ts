import { deepStrictEqual, strictEqual } from "node:assert";
import { manyIds, toJob } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

const LIMIT = 5;
const limited = { options: { maxDepth: LIMIT } } as const;

/** Rule 17: a bound that holds exactly and never loses a job that is inside. */
export const DEPTH_LIMIT_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 17,
    ...limited,
    name: "the jobs that fit are taken in order, the others answer full and change nothing",
    async check(session) {
      const results = await session.backend.enqueue(manyIds("job", LIMIT + 2).map(toJob));
      deepStrictEqual(
        results.map(({ status }) => status),
        [...Array<string>(LIMIT).fill("enqueued"), "full", "full"],
      );
      await session.expectMetrics({ depth: LIMIT, enqueued: LIMIT });
      await session.takeOne("job0");
      await session.enqueue("job5");
      deepStrictEqual(await session.offer("job6"), { status: "full" });
      deepStrictEqual(await session.takeIds(), ["job1", "job2", "job3", "job4", "job5"]);
    },
  }),
  defineCase({
    rule: 17,
    ...limited,
    name: "delayed jobs count, jobs in flight do not",
    async check(session) {
      await session.enqueue(...manyIds("held", LIMIT));
      await session.take();
      await session.enqueue(...manyIds("delayed", LIMIT).map((id) => ({ id, body: "", delayMs: 60_000 })));
      deepStrictEqual(await session.offer("more"), { status: "full" });
      await session.expectMetrics({ delayed: LIMIT, inFlight: LIMIT, depth: 0 });
    },
  }),
  defineCase({
    rule: 17,
    ...limited,
    name: "a duplicate answers duplicate at the limit too, and a refused job takes no key",
    async check(session) {
      await session.enqueue(...manyIds("job", LIMIT - 1), { id: "keyed", body: "", dedupKey: "key" });
      deepStrictEqual(
        await session.backend.enqueue([
          { id: "job0", body: "" },
          { id: "other", body: "", dedupKey: "key" },
          { id: "refused", body: "", dedupKey: "free" },
        ]),
        [{ status: "duplicate", id: "job0" }, { status: "duplicate", id: "keyed" }, { status: "full" }],
      );
      await session.takeOne();
      await session.enqueue({ id: "next", body: "", dedupKey: "free" });
    },
  }),
  defineCase({
    rule: 17,
    ...limited,
    name: "a retry, a release and a reclaim are never refused",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue(...manyIds("held", 4));
      const [retried, delayed, released] = await session.take(4);
      if (!retried || !delayed || !released) throw new Error("expected four jobs");
      await session.enqueue(...manyIds("waiting", LIMIT));
      await session.settle({ outcome: "retry", delayMs: 0 }, retried);
      await session.settle({ outcome: "retry", delayMs: 3_600_000 }, delayed);
      await session.settle({ outcome: "release" }, released);
      await session.expectMetrics({ depth: LIMIT + 2, delayed: 1, inFlight: 1 });
      strictEqual((await session.takeAfterLeases()).length, LIMIT + 3);
      await session.enqueue(...manyIds("later", LIMIT - 1));
      deepStrictEqual(await session.offer("more"), { status: "full" });
    },
  }),
  defineCase({
    rule: 17,
    options: { maxDepth: 50 },
    name: "many producers at the same moment fill it exactly to the limit",
    needs: ["createPeer"],
    async check(session) {
      const producers = [session.backend, await session.peer(), await session.peer()];
      const results = await Promise.all(
        Array.from({ length: 30 }, async (_, index) =>
          producers[index % 3]?.enqueue(manyIds(`producer${index}-`, 7).map(toJob)),
        ),
      );
      const statuses = results.flatMap((batch) => batch ?? []).map(({ status }) => status);
      strictEqual(statuses.filter((status) => status === "enqueued").length, 50);
      strictEqual(statuses.filter((status) => status === "full").length, 160);
      await session.expectMetrics({ depth: 50, enqueued: 50 });
    },
  }),
];
