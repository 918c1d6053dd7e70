import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { Receipt } from "../protocol.ts";
import { idsOf, LEASE_MS, manyIds, PAST_LEASE_MS } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

/** Rules 4 to 7: who owns a delivery, for how long, and what a receipt is worth. */
export const LEASE_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 4,
    name: "a lease that holds keeps its job from everybody, one that has ended does not",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("a");
      await session.takeOne("a");
      await session.advance(LEASE_MS / 2);
      deepStrictEqual(await session.takeIds(), []);
      await session.advance(LEASE_MS / 2 + 1_000);
      deepStrictEqual(await session.takeIds(), ["a"]);
    },
  }),
  defineCase({
    rule: 4,
    name: "an expired lease wakes a consumer that waits",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("a");
      await session.takeOne("a");
      const waiting = session.take(1, { waitMs: 60_000 });
      await session.advance(LEASE_MS + 1_000);
      deepStrictEqual(idsOf(await waiting), ["a"]);
    },
  }),
  defineCase({
    rule: 4,
    name: "a consumer that waits has the job within a second of the lease's end, and not before it",
    needs: ["a clock that runs"],
    async check(session) {
      await session.enqueue("a");
      const [first] = await session.take(1, { leaseMs: 200 });
      const [second] = await session.take(1, { waitMs: 10_000 });
      strictEqual(second?.job.id, "a");
      // The backend's own clock judges both ends: the new lease began at its end less its length.
      const lateMs = second.leaseUntil - LEASE_MS - (first?.leaseUntil ?? 0);
      ok(lateMs >= -1 && lateMs <= 1_500, `reclaimed ${lateMs} ms after the end of the lease`);
    },
  }),
  defineCase({
    rule: 4,
    name: "an extended lease ends when the extension says, on the exact millisecond",
    needs: ["a clock that stands still", "advanceClock"],
    async check(session) {
      await session.enqueue("a");
      const { receipt } = await session.takeOne("a");
      await session.advance(10_000);
      deepStrictEqual(await session.backend.extend([receipt], 1_000), ["ok"]);
      await session.advance(999);
      deepStrictEqual(await session.takeIds(), []);
      await session.advance(1);
      deepStrictEqual(await session.takeIds(), ["a"]);
    },
  }),
  defineCase({
    rule: 4,
    name: "an extension keeps a job as often as it is asked for, and only the leases that it names",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("kept", "lost");
      const [kept] = await session.take(2);
      if (kept === undefined) throw new Error("expected two jobs");
      for (let beat = 0; beat < 3; beat++) {
        await session.advance(LEASE_MS / 2 + 1_000);
        deepStrictEqual(await session.backend.extend([kept.receipt], LEASE_MS), ["ok"]);
      }
      deepStrictEqual(await session.takeIds(), ["lost"]);
      await session.settle({ outcome: "done" }, kept);
    },
  }),
  defineCase({
    rule: 5,
    name: "receipts of different deliveries differ",
    async check(session) {
      await session.enqueue(...manyIds("job", 50));
      const receipts = new Set<Receipt>();
      for (let round = 0; round < 4; round++) {
        const deliveries = await session.take();
        for (const { receipt } of deliveries) receipts.add(receipt);
        await session.settle({ outcome: "retry", delayMs: 0, counts: false }, ...deliveries);
      }
      strictEqual(receipts.size, 200);
    },
  }),
  defineCase({
    rule: 5,
    name: "a receipt that was never given is stale and changes nothing",
    async check(session) {
      await session.enqueue("a", "b");
      const { receipt } = await session.takeOne("a");
      const before = await session.backend.metrics();
      for (const forged of ["", "no such receipt", `${receipt}0`, receipt.slice(0, -1), "a"]) {
        await session.expectStale(forged as Receipt);
      }
      const { oldestReadyMs: _, ...rest } = await session.backend.metrics();
      deepStrictEqual({ ...before, ...rest }, before);
    },
  }),
  defineCase({
    rule: 5,
    name: "after a retry or a release the old receipt is stale, and the new one is not",
    async check(session) {
      for (const outcome of ["retry", "release"] as const) {
        await session.enqueue("a");
        const first = await session.takeOne("a");
        await session.settle(outcome === "retry" ? { outcome, delayMs: 0 } : { outcome }, first);
        await session.expectStale(first.receipt);
        const second = await session.takeOne("a");
        await session.expectStale(first.receipt);
        await session.settle({ outcome: "done" }, second);
      }
      await session.expectMetrics({ processed: 2, retried: 1, inFlight: 0, depth: 0 });
    },
  }),
  defineCase({
    rule: 6,
    name: "a late settle or extend is good until the lease has been reclaimed",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("settled", "extended");
      const [settled, extended] = await session.take(2);
      if (settled === undefined || extended === undefined) throw new Error("expected two jobs");
      await session.advance(PAST_LEASE_MS);
      await session.settle({ outcome: "done" }, settled);
      deepStrictEqual(await session.backend.extend([extended.receipt], LEASE_MS), ["ok"]);
      deepStrictEqual(await session.takeIds(), []);
      await session.expectMetrics({ processed: 1, inFlight: 1, reclaimed: 0 });
    },
  }),
  defineCase({
    rule: 6,
    name: "once the lease has been reclaimed the receipt is stale, also before the job is handed out again",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("first", "second");
      const [first, second] = await session.take(2);
      if (first === undefined || second === undefined) throw new Error("expected two jobs");
      await session.advance(PAST_LEASE_MS);
      await session.takeOne("first");
      await session.expectStale(first.receipt);
      await session.expectStale(second.receipt);
      await session.expectMetrics({ depth: 1, inFlight: 1, reclaimed: 2, processed: 0 });
    },
  }),
  defineCase({
    rule: 7,
    name: "what was settled done or dead is never delivered again",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("done", "dead");
      const [done, dead] = await session.take(2);
      if (done === undefined || dead === undefined) throw new Error("expected two jobs");
      await session.settle({ outcome: "done" }, done);
      await session.settle({ outcome: "dead" }, dead);
      deepStrictEqual(await session.takeAfterLeases(), []);
      await session.expectStale(done.receipt);
      await session.expectStale(dead.receipt);
      await session.expectMetrics({ processed: 1, deadLettered: 1, inFlight: 0, depth: 0, delayed: 0 });
    },
  }),
  defineCase({
    rule: 7,
    name: "a settle sent twice, in one call or in two, counts once",
    async check(session) {
      await session.enqueue("a");
      const { receipt } = await session.takeOne("a");
      const done = { receipt, outcome: "done" } as const;
      deepStrictEqual(await session.backend.settle([done, done]), ["ok", "stale"]);
      deepStrictEqual(await session.backend.settle([done]), ["stale"]);
      await session.expectMetrics({ processed: 1, enqueued: 1 });
    },
  }),
  defineCase({
    rule: 7,
    name: "the id of a job that is gone may be used again",
    async check(session) {
      await session.enqueue("a");
      await session.settle({ outcome: "done" }, await session.takeOne("a"));
      await session.enqueue({ id: "a", body: "again" });
      const { job, deliveryCount } = await session.takeOne("a");
      deepStrictEqual([job.body, deliveryCount], ["again", 1]);
    },
  }),
  defineCase({
    rule: 7,
    name: "settling and fetching in one trip is the one and then the other",
    needs: ["settleAndDequeue"],
    async check(session) {
      await session.enqueue("a", "b", "c");
      const [a, b] = await session.take(2);
      if (a === undefined || b === undefined) throw new Error("expected two jobs");
      const reply = await session.backend.settleAndDequeue?.(
        [
          { receipt: a.receipt, outcome: "done" },
          { receipt: a.receipt, outcome: "done" },
          { receipt: b.receipt, outcome: "release" },
        ],
        { max: 10, leaseMs: LEASE_MS },
      );
      deepStrictEqual(reply?.results, ["ok", "stale", "ok"]);
      deepStrictEqual(idsOf(reply.deliveries), ["b", "c"]);
      await session.settle({ outcome: "done" }, ...reply.deliveries);
      await session.expectMetrics({ processed: 3, inFlight: 0 });
    },
  }),
];
