import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { EnqueueResult, QueueBackend, SettleResult } from "../protocol.ts";
import { idsOf, manyIds, toJob } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

/** How often a call is sent again before a case gives up; each try waits for the backend by itself. */
const MAX_TRIES = 50;

/** Rules 2, 3, 7, 8 and 13 when connections are cut and servers die. */
export const OUTAGE_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 2,
    name: "jobs that are enqueued while connections are cut, and sent again until answered, are there once each",
    needs: ["killConnection"],
    async check(session) {
      const ids = manyIds("job", 60);
      const sending = Promise.all(ids.map(async (id) => enqueueUntilAnswered(session.backend, id)));
      await session.killConnection();
      await sending;
      await session.expectMetrics({ depth: 60 });
      deepStrictEqual((await session.takeIds()).toSorted(), ids.toSorted());
    },
  }),
  defineCase({
    rule: 7,
    name: "a settle that is sent again after its connection was cut counts once",
    needs: ["killConnection"],
    async check(session) {
      await session.enqueue(...manyIds("job", 20));
      const deliveries = await session.take();
      const settling = Promise.all(
        deliveries.map(async ({ receipt }) => {
          for (let tried = 0; tried < MAX_TRIES; tried++) {
            const [result] = await orUnknown(async () =>
              session.backend.settle([{ receipt, outcome: "done" }]),
            );
            if (result === "ok" || result === "stale") return result;
          }
          throw new Error("the settle was never answered");
        }),
      );
      await session.killConnection();
      await settling;
      await session.expectMetrics({ processed: 20, inFlight: 0, depth: 0 });
    },
  }),
  defineCase({
    rule: 3,
    name: "what had been answered is there after a restart, in its place and order",
    needs: ["restartServer", "advanceClock"],
    async check(session) {
      await session.enqueue(
        ...manyIds("job", 4),
        { id: "high", body: "h", priority: "high", headers: { trace: "t" } },
        { id: "delayed", body: "", delayMs: 60_000 },
        { id: "keyed", body: "", dedupKey: "key", priority: "low" },
        { id: "done-keyed", body: "", dedupKey: "long", dedupTtlMs: 3_600_000, priority: "high" },
      );
      const [high, doneKeyed] = await session.take(2);
      if (high === undefined || doneKeyed === undefined) throw new Error("expected two jobs");
      await session.settle({ outcome: "done" }, doneKeyed);
      await session.settle({ outcome: "retry", delayMs: 0, error: "before" }, high);
      await session.restart();
      await session.expectMetrics({ depth: 6, delayed: 1, inFlight: 0 });
      deepStrictEqual(
        [
          await session.offer({ id: "other", body: "", dedupKey: "key" }),
          await session.offer({ id: "other", body: "", dedupKey: "long" }),
        ],
        [
          { status: "duplicate", id: "keyed" },
          { status: "duplicate", id: "done-keyed" },
        ],
      );
      const deliveries = await session.take();
      deepStrictEqual(idsOf(deliveries), ["high", "job0", "job1", "job2", "job3", "keyed"]);
      const [again] = deliveries;
      deepStrictEqual(
        [
          again?.job.body,
          again?.job.headers["trace"],
          again?.deliveryCount,
          again?.failures,
          again?.errors[0]?.message,
        ],
        ["h", "t", 2, 1, "before"],
      );
      await session.advance(60_000);
      ok((await session.takeIds()).includes("delayed"));
    },
  }),
  defineCase({
    rule: 8,
    name: "deliveries that a crash cut short still count, and nothing settled comes back",
    needs: ["restartServer", "advanceClock"],
    async check(session) {
      await session.enqueue("settled", "held");
      const [settled, held] = await session.take(2);
      if (settled === undefined || held === undefined) throw new Error("expected two jobs");
      await session.settle({ outcome: "done" }, settled);
      await session.restart();
      const deliveries = await session.takeAfterLeases();
      deepStrictEqual(idsOf(deliveries), ["held"]);
      strictEqual(deliveries[0]?.deliveryCount, 2);
      await session.expectStale(settled.receipt);
      await session.expectStale(held.receipt);
    },
  }),
  defineCase({
    rule: 13,
    name: "fences grow over a restart, and receipts from before it are not given again",
    needs: ["restartServer", "advanceClock"],
    async check(session) {
      await session.enqueue("a", "b", "c");
      const before = await session.take();
      await session.restart();
      const after = await session.takeAfterLeases();
      deepStrictEqual(idsOf(after), ["a", "b", "c"]);
      const receipts = new Set([...before, ...after].map(({ receipt }) => receipt));
      strictEqual(receipts.size, 6);
      for (const [index, { fence }] of after.entries()) ok(fence > (before[index]?.fence ?? 0));
    },
  }),
];

async function enqueueUntilAnswered(backend: QueueBackend, id: string): Promise<void> {
  for (let tried = 0; tried < MAX_TRIES; tried++) {
    const [result] = await orUnknown(async () => backend.enqueue([toJob(id)]));
    if (isAnswer(result)) return;
  }
  throw new Error(`the enqueue of ${id} was never answered`);
}

function isAnswer(result: EnqueueResult | undefined): boolean {
  return result?.status === "enqueued" || result?.status === "duplicate";
}

/** The results of a call, or none when it failed as a whole: then too it is unknown what has happened. */
async function orUnknown<Result extends EnqueueResult | SettleResult>(
  call: () => Promise<Result[]>,
): Promise<readonly Result[]> {
  try {
    return await call();
  } catch {
    return [];
  }
}
