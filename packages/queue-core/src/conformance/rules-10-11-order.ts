import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { NewJob, Priority } from "../protocol.ts";
import { idsOf, LEASE_MS, manyIds, PAST_LEASE_MS } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

const withPriority = (id: string, priority: Priority): NewJob => ({ id, body: "", priority });

/** Rules 10 and 11: when a job comes, and which one comes first. */
export const ORDER_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 10,
    name: "a delayed job is not delivered before its time, and is after",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue({ id: "a", body: "", delayMs: 60_000 });
      await session.advance(30_000);
      deepStrictEqual(await session.takeIds(), []);
      await session.advance(30_000);
      deepStrictEqual(await session.takeIds(), ["a"]);
    },
  }),
  defineCase({
    rule: 10,
    name: "a job is due on the exact millisecond",
    needs: ["a clock that stands still", "advanceClock"],
    async check(session) {
      await session.enqueue({ id: "a", body: "", delayMs: 1_000 }, { id: "b", body: "", delayMs: 1 });
      await session.advance(1);
      deepStrictEqual(await session.takeIds(), ["b"]);
      await session.advance(998);
      deepStrictEqual(await session.takeIds(), []);
      await session.advance(1);
      deepStrictEqual(await session.takeIds(), ["a"]);
    },
  }),
  defineCase({
    rule: 10,
    name: "delayed jobs come by due time, equal ones in the order of enqueueing, retries among them",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("retried");
      await session.settle({ outcome: "retry", delayMs: 20_000 }, await session.takeOne("retried"));
      await session.enqueue(
        { id: "third", body: "", delayMs: 30_000 },
        { id: "zz-first", body: "", delayMs: 10_000 },
        { id: "aa-second", body: "", delayMs: 10_000 },
      );
      await session.enqueue({ id: "fourth", body: "", delayMs: 30_000 });
      await session.advance(40_000);
      deepStrictEqual(await session.takeIds(), ["zz-first", "aa-second", "retried", "third", "fourth"]);
    },
  }),
  defineCase({
    rule: 10,
    name: "many jobs due at the same moment keep the order of enqueueing",
    needs: ["advanceClock"],
    async check(session) {
      const ids = manyIds("job", 120).toReversed();
      await session.enqueue(...ids.map((id) => ({ id, body: "", delayMs: 10_000 })));
      await session.advance(20_000);
      deepStrictEqual(await session.takeIds(), ids);
    },
  }),
  defineCase({
    rule: 10,
    name: "a job that falls due wakes a consumer that waits",
    needs: ["advanceClock"],
    async check(session) {
      const waiting = session.take(1, { waitMs: 60_000 });
      await session.enqueue({ id: "a", body: "", delayMs: 30_000 });
      await session.advance(30_000);
      deepStrictEqual(idsOf(await waiting), ["a"]);
    },
  }),
  defineCase({
    rule: 10,
    name: "a consumer that waits has a delayed job within 100 ms of its time, and not before it",
    needs: ["a clock that runs"],
    async check(session) {
      const waiting = session.take(1, { waitMs: 10_000 });
      await session.enqueue({ id: "a", body: "", delayMs: 300 });
      const [delivery] = await waiting;
      strictEqual(delivery?.job.id, "a");
      const sinceMs = delivery.leaseUntil - LEASE_MS - delivery.enqueuedAt;
      // Twice the promise, since the machine that tests may be busy; a poller of once a second is caught all the same.
      ok(sinceMs >= 299 && sinceMs <= 500, `expected the job after 300 to 400 ms, got it after ${sinceMs}`);
    },
  }),
  defineCase({
    rule: 10,
    name: "a wait that meets no job ends with [] at its time, at once without one, and when it is aborted",
    async check(session) {
      deepStrictEqual(await session.take(1), []);
      const abort = new AbortController();
      const waiting = session.take(1, { waitMs: 60_000, signal: abort.signal });
      abort.abort(new Error("no longer wanted"));
      deepStrictEqual(await waiting, []);
      deepStrictEqual(await session.take(1, { waitMs: 60_000, signal: abort.signal }), []);
      await session.enqueue("a");
      deepStrictEqual(await session.takeIds(), ["a"]);
    },
  }),
  defineCase({
    rule: 10,
    name: "a wait lasts as long as it was asked to",
    needs: ["a clock that runs"],
    async check(session) {
      const started = performance.now();
      deepStrictEqual(await session.take(1, { waitMs: 300 }), []);
      const waitedMs = performance.now() - started;
      ok(waitedMs >= 290 && waitedMs <= 2_000, `expected to wait 300 ms, waited ${waitedMs}`);
    },
  }),
  defineCase({
    rule: 10,
    name: "a delayed job that is told to run now is ready now, behind what was ready before",
    needs: ["admin"],
    async check(session) {
      await session.enqueue({ id: "later", body: "", delayMs: 3_600_000 }, "ready");
      strictEqual(await session.admin.runNow("later"), true);
      strictEqual(await session.admin.runNow("later"), false);
      strictEqual(await session.admin.runNow("unknown"), false);
      await session.expectMetrics({ depth: 2, delayed: 0 });
      deepStrictEqual(await session.takeIds(), ["ready", "later"]);
      strictEqual(await session.admin.runNow("later"), false);
    },
  }),
  defineCase({
    rule: 11,
    name: "first in is first out, across single calls and batches",
    async check(session) {
      await session.enqueue("a");
      await session.enqueue("b", "c", "d");
      await session.enqueue("e");
      deepStrictEqual([...(await session.takeIds(2)), ...(await session.takeIds(1))], ["a", "b", "c"]);
      await session.enqueue("f");
      deepStrictEqual(await session.takeIds(), ["d", "e", "f"]);
    },
  }),
  defineCase({
    rule: 11,
    name: "high comes before normal and normal before low, always",
    async check(session) {
      await session.enqueue(
        withPriority("low1", "low"),
        "normal1",
        withPriority("high1", "high"),
        withPriority("low2", "low"),
        withPriority("high2", "high"),
        withPriority("normal2", "normal"),
      );
      deepStrictEqual(await session.takeIds(3), ["high1", "high2", "normal1"]);
      await session.enqueue(withPriority("high3", "high"));
      const rest = await session.take();
      deepStrictEqual(idsOf(rest), ["high3", "normal2", "low1", "low2"]);
      deepStrictEqual(
        rest.map(({ job }) => job.priority),
        ["high", "normal", "low", "low"],
      );
    },
  }),
  defineCase({
    rule: 11,
    name: "a retried job goes to the tail, a released one to the head, each within its priority",
    async check(session) {
      await session.enqueue("a", "b", { id: "low", body: "", priority: "low" });
      const [a, b, low] = await session.take(3);
      if (!a || !b || !low) throw new Error("expected three jobs");
      await session.enqueue("c", "d", { id: "low2", body: "", priority: "low" });
      await session.settle({ outcome: "retry", delayMs: 0 }, a);
      await session.settle({ outcome: "release" }, b);
      await session.settle({ outcome: "release" }, low);
      deepStrictEqual(await session.takeIds(), ["b", "c", "d", "a", "low", "low2"]);
    },
  }),
  defineCase({
    rule: 11,
    name: "of several released in one call each goes before the one named before it",
    async check(session) {
      await session.enqueue("a", "b", "c", "d");
      const held = await session.take(3);
      await session.settle({ outcome: "release" }, ...held);
      deepStrictEqual(await session.takeIds(), ["c", "b", "a", "d"]);
    },
  }),
  defineCase({
    rule: 11,
    name: "a retried job waits its delay and then goes to the tail",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("a", "b");
      await session.settle({ outcome: "retry", delayMs: 10_000 }, await session.takeOne("a"));
      await session.enqueue("c");
      await session.advance(20_000);
      deepStrictEqual(await session.takeIds(), ["b", "c", "a"]);
    },
  }),
  defineCase({
    rule: 11,
    name: "reclaimed jobs go to the head in the order in which they were handed out, and to the tail after that",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("zz", "mm", "aa");
      await session.take(3);
      await session.enqueue("new");
      await session.advance(PAST_LEASE_MS);
      deepStrictEqual(await session.takeIds(3), ["zz", "mm", "aa"]);
      await session.advance(PAST_LEASE_MS);
      deepStrictEqual(await session.takeIds(), ["new"]);
      deepStrictEqual(
        [await session.takeIds(), await session.takeIds(), await session.takeIds()],
        [["zz"], ["mm"], ["aa"]],
      );
    },
  }),
  defineCase({
    rule: 11,
    name: "what is due is promoted before what has expired is reclaimed",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("reclaimed", "twice", { id: "due", body: "", delayMs: 80_000 });
      await session.take();
      await session.takeAfterLeases();
      await session.advance(60_000);
      deepStrictEqual(
        [await session.takeIds(), await session.takeIds(), await session.takeIds()],
        [["due"], ["reclaimed"], ["twice"]],
      );
    },
  }),
];
