import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { manyIds, PAST_LEASE_MS } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

/** Rules 13 and 14: the numbers that others build on. */
export const FIGURE_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 13,
    name: "the fence of a job grows with each delivery, however the one before ended",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("a");
      const fences: number[] = [];
      for (const outcome of ["retry", "release", "none", "retry", "none"] as const) {
        const delivery = await session.takeOne("a");
        fences.push(delivery.fence);
        if (outcome === "retry") await session.settle({ outcome, delayMs: 0 }, delivery);
        else if (outcome === "release") await session.settle({ outcome }, delivery);
        else await session.advance(PAST_LEASE_MS);
      }
      deepStrictEqual(
        fences,
        [...new Set(fences)].toSorted((left, right) => left - right),
      );
      ok(fences.every((fence) => Number.isSafeInteger(fence)));
    },
  }),
  defineCase({
    rule: 14,
    name: "depth counts what is ready, and nothing that is delayed or in flight",
    needs: ["advanceClock"],
    async check(session) {
      await session.expectMetrics({
        depth: 0,
        due: 0,
        delayed: 0,
        inFlight: 0,
        oldestReadyMs: 0,
        paused: false,
      });
      await session.enqueue(
        ...manyIds("normal", 4),
        { id: "high", body: "", priority: "high" },
        { id: "low", body: "", priority: "low" },
        { id: "delayed", body: "", delayMs: 40_000 },
      );
      await session.expectMetrics({ depth: 6, delayed: 1, inFlight: 0 });
      const [a, b, c] = await session.take(3);
      if (!a || !b || !c) throw new Error("expected three jobs");
      await session.expectMetrics({ depth: 3, delayed: 1, inFlight: 3 });
      await session.settle({ outcome: "done" }, a);
      await session.settle({ outcome: "release" }, b);
      await session.settle({ outcome: "retry", delayMs: 600_000 }, c);
      await session.expectMetrics({ depth: 4, delayed: 2, inFlight: 0 });
    },
  }),
  defineCase({
    rule: 14,
    name: "what is due is counted before anybody fetches it, and asking moves nothing",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("held", { id: "delayed", body: "", delayMs: 20_000 });
      await session.takeOne("held");
      await session.expectMetrics({ due: 0, depth: 0, delayed: 1, inFlight: 1 });
      await session.advance(PAST_LEASE_MS);
      for (let asked = 0; asked < 2; asked++) {
        await session.expectMetrics({ due: 2, depth: 0, delayed: 1, inFlight: 1, reclaimed: 0 });
      }
      strictEqual((await session.take()).length, 2);
      await session.expectMetrics({ due: 0, depth: 0, delayed: 0, inFlight: 2, reclaimed: 1 });
    },
  }),
  defineCase({
    rule: 14,
    name: "the age of the oldest ready job is told",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("old", { id: "delayed", body: "", delayMs: 3_600_000 });
      await session.advance(50_000);
      await session.enqueue({ id: "young", body: "", priority: "high" });
      const { oldestReadyMs } = await session.backend.metrics();
      ok(oldestReadyMs >= 49_999 && oldestReadyMs < 70_000, `expected about 50 000 ms, got ${oldestReadyMs}`);
    },
  }),
  defineCase({
    rule: 14,
    name: "the rolling latency is that of the durations that consumers reported",
    async check(session) {
      await session.enqueue(...manyIds("job", 101));
      const deliveries = await session.take();
      await session.backend.settle(
        deliveries.map(({ receipt }, index) =>
          index === 100
            ? { receipt, outcome: "done" }
            : { receipt, outcome: "done", durationMs: (index + 1) * 10 },
        ),
      );
      const { latency, processed } = await session.backend.metrics();
      strictEqual(processed, 101);
      strictEqual(latency.count, 100);
      for (const [name, expected] of [
        ["p50", 500],
        ["p95", 950],
        ["p99", 990],
      ] as const) {
        ok(
          Math.abs(latency[name] - expected) <= 50,
          `expected ${name} near ${expected}, got ${latency[name]}`,
        );
      }
      ok(latency.windowMs > 0);
    },
  }),
];
