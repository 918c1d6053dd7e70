import { deepStrictEqual, strictEqual } from "node:assert";
import { idsOf, LEASE_MS, manyIds, PAST_LEASE_MS } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

/** Rules 18 and 19: an operator's hand on the queue. */
export const ADMIN_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 18,
    name: "while paused nothing is handed out, and enqueue and settle go on",
    needs: ["admin"],
    async check(session) {
      await session.enqueue("held", "ready");
      const held = await session.takeOne("held");
      await session.admin.pause();
      deepStrictEqual(await session.takeIds(), []);
      await session.enqueue("more");
      deepStrictEqual(await session.backend.extend([held.receipt], LEASE_MS), ["ok"]);
      await session.settle({ outcome: "done" }, held);
      await session.expectMetrics({ paused: true, depth: 2, processed: 1 });
      await session.admin.resume();
      await session.expectMetrics({ paused: false });
      deepStrictEqual(await session.takeIds(), ["ready", "more"]);
    },
  }),
  defineCase({
    rule: 18,
    name: "while paused leases still end and are reclaimed",
    needs: ["admin", "advanceClock"],
    async check(session) {
      await session.enqueue("a", { id: "delayed", body: "", delayMs: 10_000 });
      const { receipt } = await session.takeOne("a");
      await session.admin.pause();
      await session.advance(PAST_LEASE_MS);
      deepStrictEqual(await session.takeIds(), []);
      await session.expectStale(receipt);
      await session.expectMetrics({ reclaimed: 1, depth: 2, inFlight: 0, delayed: 0, due: 0 });
      await session.admin.resume();
      deepStrictEqual(await session.takeIds(), ["a", "delayed"]);
    },
  }),
  defineCase({
    rule: 18,
    name: "a pause is seen by a consumer that waits, and its end wakes it",
    needs: ["admin", "createPeer"],
    async check(session) {
      const peer = await session.peer();
      await session.admin.pause();
      const waiting = peer.dequeue({ max: 10, leaseMs: LEASE_MS, waitMs: 60_000 });
      await session.enqueue("a");
      deepStrictEqual(await peer.dequeue({ max: 10, leaseMs: LEASE_MS }), []);
      strictEqual((await peer.metrics()).paused, true);
      await session.expectMetrics({ depth: 1, inFlight: 0 });
      await session.admin.resume();
      deepStrictEqual(idsOf(await waiting), ["a"]);
    },
  }),
  defineCase({
    rule: 18,
    name: "settling and fetching in one trip hands nothing out while paused",
    needs: ["admin", "settleAndDequeue"],
    async check(session) {
      await session.enqueue("held", "ready");
      const { receipt } = await session.takeOne("held");
      await session.admin.pause();
      const reply = await session.backend.settleAndDequeue?.([{ receipt, outcome: "done" }], {
        max: 10,
        leaseMs: LEASE_MS,
      });
      deepStrictEqual(reply, { results: ["ok"], deliveries: [] });
      await session.expectMetrics({ processed: 1, depth: 1 });
    },
  }),
  defineCase({
    rule: 19,
    name: "a cancelled job is gone, wherever it was, and an id that is not alive answers false",
    needs: ["admin", "advanceClock"],
    async check(session) {
      await session.enqueue("held", "ready", "stays", { id: "delayed", body: "", delayMs: 10_000 });
      await session.takeOne("held");
      const cancelled = await session.admin.cancel(["ready", "delayed", "held", "unknown", "ready"]);
      deepStrictEqual(cancelled, [true, true, true, false, false]);
      await session.expectMetrics({ cancelled: 3, depth: 1, delayed: 0, inFlight: 0 });
      strictEqual(await session.admin.get("ready"), undefined);
      deepStrictEqual(idsOf(await session.takeAfterLeases()), ["stays"]);
    },
  }),
  defineCase({
    rule: 19,
    name: "a job cancelled in flight is stale to its consumer at once, and its id is free",
    needs: ["admin"],
    async check(session) {
      await session.enqueue("a");
      const { receipt } = await session.takeOne("a");
      deepStrictEqual(await session.admin.cancel(["a"]), [true]);
      await session.expectStale(receipt);
      await session.enqueue({ id: "a", body: "again" });
      await session.expectStale(receipt);
      strictEqual((await session.takeOne("a")).job.body, "again");
    },
  }),
  defineCase({
    rule: 19,
    name: "a cancelled job leaves the order of the others alone",
    needs: ["admin"],
    async check(session) {
      await session.enqueue(...manyIds("job", 8));
      await session.admin.cancel(["job0", "job3", "job4", "job7"]);
      await session.enqueue("job8");
      deepStrictEqual(await session.takeIds(3), ["job1", "job2", "job5"]);
      await session.expectMetrics({ depth: 2 });
      deepStrictEqual(await session.takeIds(), ["job6", "job8"]);
    },
  }),
  defineCase({
    rule: 19,
    name: "clearing cancels what is ready or delayed, leaves what is in flight, and says how many",
    needs: ["admin"],
    async check(session) {
      await session.enqueue("held", ...manyIds("ready", 3), { id: "delayed", body: "", delayMs: 10_000 });
      const held = await session.takeOne("held");
      strictEqual(await session.admin.clear(), 4);
      strictEqual(await session.admin.clear(), 0);
      await session.expectMetrics({ cancelled: 4, depth: 0, delayed: 0, inFlight: 1 });
      await session.settle({ outcome: "done" }, held);
    },
  }),
  defineCase({
    rule: 19,
    name: "every job of a state is seen page by page",
    needs: ["admin"],
    async check(session) {
      const delayed = manyIds("delayed", 12).map((id, index) => ({
        id,
        body: "",
        delayMs: 60_000 + index * 1_000,
      }));
      await session.enqueue(...manyIds("job", 25), ...delayed);
      await session.take(5);
      for (const [state, count] of [
        ["ready", 20],
        ["delayed", 12],
        ["in-flight", 5],
      ] as const) {
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await session.admin.browse({
            state,
            limit: 4,
            ...(cursor !== undefined && { cursor }),
          });
          seen.push(...page.jobs.map(({ job }) => job.id));
          cursor = page.cursor;
        } while (cursor !== undefined && seen.length <= count);
        deepStrictEqual([new Set(seen).size, seen.length], [count, count], `jobs ${state}`);
      }
    },
  }),
];
