import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import type { Delivery, QueueBackend, Settlement } from "../protocol.ts";
import { idsOf, LEASE_MS, manyIds } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

/** Rules 1 to 3: no job is lost, doubled or in two places, and nobody has to clean up after a crash. */
export const CONSERVATION_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 1,
    name: "every enqueued job is ready, delayed, in flight or counted as what became of it",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue(...manyIds("a", 6), { id: "delayed", body: "", delayMs: 3_600_000 });
      await expectConserved(session.backend, 7);
      const [done, dead, retried, delayed, released, held] = await session.take(6);
      if (!done || !dead || !retried || !delayed || !released || !held) throw new Error("expected six jobs");
      await session.settle({ outcome: "done", durationMs: 5 }, done);
      await session.settle({ outcome: "dead" }, dead);
      await session.settle({ outcome: "retry", delayMs: 0, error: "no" }, retried);
      await session.settle({ outcome: "retry", delayMs: 60_000, error: "no" }, delayed);
      await session.settle({ outcome: "release" }, released);
      await expectConserved(session.backend, 7);
      await session.expectMetrics({ depth: 2, delayed: 2, inFlight: 1, processed: 1, deadLettered: 1 });
      await session.takeAfterLeases(1);
      await expectConserved(session.backend, 7);
      await session.expectMetrics({ retried: 2, failed: 2, reclaimed: 1, enqueued: 7 });
    },
  }),
  defineCase({
    rule: 1,
    name: "a job that nobody took in time is dropped, counted as expired and never delivered",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue(
        { id: "ready", body: "", expiresInMs: 20_000 },
        { id: "delayed", body: "", expiresInMs: 20_000, delayMs: 15_000 },
        { id: "in-time", body: "", expiresInMs: 90_000 },
        { id: "without", body: "" },
      );
      await session.advance(40_000);
      deepStrictEqual(await session.takeIds(), ["in-time", "without"]);
      await session.expectMetrics({ expired: 2, inFlight: 2, depth: 0, delayed: 0 });
      await expectConserved(session.backend, 4);
    },
  }),
  defineCase({
    rule: 1,
    name: "expiry does not touch a job in flight",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue({ id: "a", body: "", expiresInMs: 5_000 });
      const delivery = await session.takeOne("a");
      await session.advance(15_000);
      deepStrictEqual(await session.takeIds(), []);
      await session.settle({ outcome: "done" }, delivery);
      await session.expectMetrics({ expired: 0, processed: 1 });
    },
  }),
  defineCase({
    rule: 1,
    name: "a request out of range is refused and hands nothing out",
    async check({ backend }) {
      const requests = [
        { max: 0, leaseMs: LEASE_MS },
        { max: 251, leaseMs: LEASE_MS },
        { max: 1, leaseMs: 99 },
        { max: 1, leaseMs: LEASE_MS, waitMs: 60_001 },
      ];
      for (const request of requests) {
        await rejects(async () => backend.dequeue(request), { code: "QUEUE_INVALID" });
      }
      await rejects(async () => backend.extend([], 99), { code: "QUEUE_INVALID" });
    },
  }),
  defineCase({
    rule: 1,
    name: "a settlement out of range is refused with all of its call, and what it named stays in flight",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("a", "b");
      const [{ receipt: a }, { receipt: b }] = (await session.take(2)) as [Delivery, Delivery];
      const bad = [
        ...[Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 31_536_000_001].map((delayMs) => ({
          delayMs,
          outcome: "retry",
        })),
        ...[Number.NaN, -1].map((durationMs) => ({ durationMs, outcome: "done" })),
        { outcome: "forget" },
      ];
      for (const each of bad) {
        const settlements = [
          { receipt: a, outcome: "done" },
          { receipt: b, ...each },
        ] as Settlement[];
        await rejects(async () => session.backend.settle(settlements), { code: "QUEUE_INVALID" });
        if (session.backend.settleAndDequeue === undefined) continue;
        const more = { max: 1, leaseMs: LEASE_MS };
        await rejects(async () => session.backend.settleAndDequeue?.(settlements, more), {
          code: "QUEUE_INVALID",
        });
      }
      await session.expectMetrics({ inFlight: 2, processed: 0, retried: 0 });
      deepStrictEqual((await session.takeAfterLeases()).length, 2);
    },
  }),
  defineCase({
    rule: 2,
    name: "consumers at the same moment share the jobs, and none is handed out twice",
    needs: ["createPeer"],
    async check(session) {
      const ids = manyIds("job", 200);
      await session.enqueue(...ids);
      const consumers = [session.backend, await session.peer(), await session.peer()];
      const batches = await Promise.all(
        Array.from({ length: 40 }, async (_, index) =>
          (consumers[index % 3] as QueueBackend).dequeue({ max: 7, leaseMs: LEASE_MS }),
        ),
      );
      deepStrictEqual(idsOf(batches.flat()).toSorted(), ids.toSorted());
    },
  }),
  defineCase({
    rule: 2,
    name: "a job is seen in exactly one state, whatever was done with it",
    needs: ["admin"],
    async check(session) {
      await session.enqueue(...manyIds("job", 6), { id: "later", body: "", delayMs: 60_000 });
      const [retried, released, held] = await session.take(3);
      if (!retried || !released || !held) throw new Error("expected three jobs");
      await session.settle({ outcome: "retry", delayMs: 120_000 }, retried);
      await session.settle({ outcome: "release" }, released);
      const states = ["ready", "delayed", "in-flight"] as const;
      const pages = await Promise.all(states.map(async (state) => session.admin.browse({ state })));
      deepStrictEqual(
        pages.map(({ jobs }) => jobs.map(({ job }) => job.id)),
        [["job1", "job3", "job4", "job5"], ["later", "job0"], ["job2"]],
      );
      for (const page of pages) {
        for (const view of page.jobs) deepStrictEqual(await session.admin.get(view.job.id), view);
      }
    },
  }),
  defineCase({
    rule: 3,
    name: "what a consumer held when it vanished is delivered to another, with no help but a dequeue",
    needs: ["createPeer", "advanceClock"],
    async check(session) {
      await session.enqueue(...manyIds("job", 20));
      await session.take(20);
      const survivor = await session.peer();
      await session.advance(LEASE_MS + 2_000);
      const deliveries = await survivor.dequeue({ max: 250, leaseMs: LEASE_MS });
      deepStrictEqual(idsOf(deliveries), manyIds("job", 20));
      strictEqual((await survivor.metrics()).reclaimed, 20);
    },
  }),
  defineCase({
    rule: 3,
    name: "more jobs than one call promotes or reclaims still all come, and no dequeue answers [] before",
    needs: ["advanceClock"],
    async check(session) {
      const delayed = manyIds("delayed", 500).map((id) => ({ id, body: "", delayMs: 1_000 }));
      await session.enqueue(...manyIds("held", 250));
      await session.enqueue(...manyIds("more", 50));
      await session.enqueue(...delayed.slice(0, 250));
      await session.enqueue(...delayed.slice(250));
      await session.take(250);
      await session.take(50);
      await session.advance(LEASE_MS + 2_000);
      const seen = new Set<string>();
      for (let batch = 0; batch < 50 && seen.size < 800; batch++) {
        const ids = await session.takeIds();
        ok(ids.length > 0, `got [] after ${seen.size} of 800 jobs`);
        for (const id of ids) seen.add(id);
      }
      strictEqual(seen.size, 800);
      await session.expectMetrics({ depth: 0, due: 0, delayed: 0, inFlight: 800, reclaimed: 300 });
    },
  }),
];

/** Rule 1 as a sum over the metrics. */
async function expectConserved(backend: QueueBackend, enqueued: number): Promise<void> {
  const metrics = await backend.metrics();
  const { depth, delayed, inFlight, processed, deadLettered, cancelled, expired } = metrics;
  strictEqual(metrics.enqueued, enqueued);
  strictEqual(depth + delayed + inFlight + processed + deadLettered + cancelled + expired, enqueued);
}
