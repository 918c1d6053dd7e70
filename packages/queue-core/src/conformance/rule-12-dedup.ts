import { deepStrictEqual } from "node:assert";
import type { NewJob } from "../protocol.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

const keyed = (id: string, more: Partial<NewJob> = {}): NewJob => ({
  id,
  body: "",
  dedupKey: "order 7",
  ...more,
});
const enqueued = (id: string) => ({ status: "enqueued", id });
const duplicateOf = (id: string) => ({ status: "duplicate", id });

/** Rule 12: one job an id, one job a key. */
export const DEDUP_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 12,
    name: "an id that is alive answers duplicate and changes nothing, wherever its job is",
    needs: ["advanceClock"],
    async check(session) {
      const again: NewJob = { id: "a", body: "changed", priority: "high", delayMs: 1_000 };
      await session.enqueue({ id: "a", body: "kept", delayMs: 10_000 });
      deepStrictEqual(await session.offer(again), duplicateOf("a"));
      await session.advance(20_000);
      const delivery = await session.takeOne("a");
      deepStrictEqual(await session.offer(again), duplicateOf("a"));
      await session.settle({ outcome: "release" }, delivery);
      deepStrictEqual(await session.offer(again), duplicateOf("a"));
      const { job } = await session.takeOne("a");
      deepStrictEqual([job.body, job.priority], ["kept", "normal"]);
      await session.expectMetrics({ enqueued: 1, depth: 0, delayed: 0, inFlight: 1 });
    },
  }),
  defineCase({
    rule: 12,
    name: "a key whose job is ready, delayed or in flight answers duplicate with the id of that job",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue(keyed("a", { delayMs: 10_000 }));
      deepStrictEqual(await session.offer(keyed("b")), duplicateOf("a"));
      await session.advance(20_000);
      const first = await session.takeOne("a");
      deepStrictEqual(await session.offer(keyed("b")), duplicateOf("a"));
      await session.settle({ outcome: "retry", delayMs: 0 }, first);
      deepStrictEqual(await session.offer(keyed("b")), duplicateOf("a"));
      const [second] = await session.take();
      deepStrictEqual(second?.job.id, "a");
      await session.takeAfterLeases();
      deepStrictEqual(await session.offer(keyed("b")), duplicateOf("a"));
      await session.expectMetrics({ enqueued: 1, depth: 0, inFlight: 1 });
    },
  }),
  defineCase({
    rule: 12,
    name: "within one call too, the first of a key or an id is taken and the others are duplicates",
    async check(session) {
      deepStrictEqual(
        await session.backend.enqueue([
          keyed("a"),
          keyed("b"),
          { id: "a", body: "" },
          { id: "c", body: "" },
          keyed("d", { dedupKey: "order 8" }),
          { id: "c", body: "" },
        ]),
        [enqueued("a"), duplicateOf("a"), duplicateOf("a"), enqueued("c"), enqueued("d"), duplicateOf("c")],
      );
      await session.expectMetrics({ depth: 3, enqueued: 3 });
    },
  }),
  defineCase({
    rule: 12,
    name: "a key dies with its job: after done and after dead it is free",
    async check(session) {
      for (const [index, outcome] of (["done", "dead", "done"] as const).entries()) {
        await session.enqueue(keyed(`job${index}`));
        await session.settle({ outcome }, await session.takeOne(`job${index}`));
      }
    },
  }),
  defineCase({
    rule: 12,
    name: "a key is free again when its job was cancelled",
    needs: ["admin"],
    async check(session) {
      await session.enqueue(keyed("ready"));
      await session.admin.cancel(["ready"]);
      await session.enqueue(keyed("held"));
      await session.takeOne("held");
      await session.admin.cancel(["held"]);
      await session.enqueue(keyed("cleared"));
      await session.admin.clear();
      await session.enqueue(keyed("last"));
    },
  }),
  defineCase({
    rule: 12,
    name: "a key is free again when its job has expired and was dropped",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue(keyed("a", { expiresInMs: 10_000 }));
      await session.advance(20_000);
      deepStrictEqual(await session.takeIds(), []);
      await session.enqueue(keyed("b"));
    },
  }),
  defineCase({
    rule: 12,
    name: "a key with a time of its own is kept that long, though its job is done",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue(keyed("a", { dedupTtlMs: 60_000 }));
      await session.settle({ outcome: "done" }, await session.takeOne("a"));
      deepStrictEqual(await session.offer(keyed("b")), duplicateOf("a"));
      await session.advance(30_000);
      deepStrictEqual(await session.offer(keyed("b", { dedupTtlMs: 60_000 })), duplicateOf("a"));
      await session.advance(30_000);
      deepStrictEqual(await session.offer(keyed("b")), enqueued("b"));
    },
  }),
  defineCase({
    rule: 12,
    name: "a key with a time of its own is free after it, though its job is alive, and the old job's end frees nothing",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue(keyed("old", { dedupTtlMs: 10_000 }));
      const old = await session.takeOne("old");
      await session.advance(20_000);
      await session.enqueue(keyed("new"));
      deepStrictEqual(await session.offer(keyed("other")), duplicateOf("new"));
      await session.settle({ outcome: "done" }, old);
      deepStrictEqual(await session.offer(keyed("other")), duplicateOf("new"));
      await session.settle({ outcome: "done" }, await session.takeOne("new"));
      await session.enqueue(keyed("other"));
    },
  }),
  defineCase({
    rule: 12,
    name: "a key is free on the exact millisecond",
    needs: ["a clock that stands still", "advanceClock"],
    async check(session) {
      await session.enqueue(keyed("a", { dedupTtlMs: 1_000 }));
      await session.advance(999);
      deepStrictEqual(await session.offer(keyed("b")), duplicateOf("a"));
      await session.advance(1);
      deepStrictEqual(await session.offer(keyed("b")), enqueued("b"));
    },
  }),
  defineCase({
    rule: 12,
    name: "producers at the same moment get one job a key",
    needs: ["createPeer"],
    async check(session) {
      const producers = [session.backend, await session.peer()];
      const results = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => producers[index % 2]?.enqueue([keyed(`job${index}`)])),
      );
      const statuses = results.flatMap((result) => result ?? []).map(({ status }) => status);
      deepStrictEqual(statuses.toSorted(), [...Array<string>(19).fill("duplicate"), "enqueued"]);
      await session.expectMetrics({ depth: 1, enqueued: 1 });
    },
  }),
];
