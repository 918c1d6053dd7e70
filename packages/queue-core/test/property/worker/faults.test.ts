import fc from "fast-check";
import { expect, it } from "vitest";
import { Unrecoverable } from "../../../src/index.ts";
import { newRig, settled } from "../../support/worker-rig.ts";

type Verb = "dequeue" | "settle" | "extend";

/** What happens next to the backend, or for how long nothing does. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant("lose" as const),
    verb: fc.constantFrom<Verb>("dequeue", "settle", "extend"),
  }),
  fc.record({
    kind: fc.constant("away" as const),
    verb: fc.constantFrom<Verb>("dequeue", "settle", "extend"),
  }),
  fc.record({ kind: fc.constant("back" as const) }),
  fc.record({ kind: fc.constant("store-fails" as const) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
);

it("whatever the network and the stores do, every job ends once: done, or in the dead letters", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        steps: fc.array(step, { minLength: 1, maxLength: 25 }),
        jobs: fc.integer({ min: 1, max: 60 }),
        concurrency: fc.integer({ min: 1, max: 8 }),
        facet: fc.boolean(),
      }),
      async ({ steps, jobs, concurrency, facet }) => {
        const { clock, backend, queue, store } = newRig<number>({ facet });
        const succeeded = new Set<number>();
        const worker = queue.process(
          async (n, job) => {
            if (n % 4 === 1) await new Promise<void>((resolve) => clock.schedule(resolve, 700));
            if (n % 5 === 2) throw new Unrecoverable("never");
            if (n % 7 === 3 && job.failures < 2) throw new Error("not yet");
            if (n % 11 === 5 && job.deliveryCount < 3)
              throw Object.assign(new Error("down"), { retryable: true });
            if (n % 13 === 6) await new Promise(() => {});
            succeeded.add(n);
          },
          {
            deadLetters: store,
            concurrency,
            leaseMs: 2_000,
            timeoutMs: 1_000,
            retry: { maxAttempts: 3, jitter: "none" },
          },
        );
        await queue.enqueueMany(
          Array.from({ length: jobs }, (_, n) => n),
          { maxDeliveries: 1_000 },
        );

        for (const next of steps) {
          await settled(3);
          if (next.kind === "lose") backend.loseReply.add(next.verb);
          if (next.kind === "away") backend.away.add(next.verb);
          if (next.kind === "back") backend.away.clear();
          if (next.kind === "store-fails") store.failNext = new Error("disk full");
          if (next.kind === "pass") await clock.advance(next.ms);
        }
        backend.away.clear();
        backend.loseReply.clear();
        store.failNext = undefined;
        for (let round = 0; round < 200; round++) {
          const { depth, delayed, inFlight } = await queue.metrics();
          if (depth + delayed + inFlight === 0 && worker.status.unsettled === 0) break;
          await clock.advance(1_000);
          await settled(3);
        }

        const metrics = await queue.metrics();
        expect(metrics).toMatchObject({ depth: 0, delayed: 0, inFlight: 0 });
        expect(metrics.processed + metrics.deadLettered).toBe(jobs);
        // Every job that left as dead has its letter; a job that left as done may have one only where the
        // outcome of its `dead` was never told.
        const letters = new Set(store.all.map(({ payload }) => Number(payload)));
        expect(letters.size).toBeGreaterThanOrEqual(metrics.deadLettered);
        for (let n = 0; n < jobs; n++) expect(succeeded.has(n) || letters.has(n)).toBe(true);
        await worker.close({ deadlineMs: 0 });
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
