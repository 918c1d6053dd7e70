import fc from "fast-check";
import { expect, it } from "vitest";
import { RetryAfter, Unrecoverable, type JobContext } from "../../../src/index.ts";
import type { ActiveJob } from "../../../src/worker/active-job.ts";
import { newRig, settled } from "../../support/worker-rig.ts";

const verb = fc.constantFrom("dequeue" as const, "settle" as const, "extend" as const);

/** What happens next to the worker, its queue or its backend, or for how long nothing does. */
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom("lose" as const, "away" as const), verb }),
  fc.record({ kind: fc.constantFrom("back" as const, "store-fails" as const) }),
  fc.record({ kind: fc.constantFrom("pause" as const, "resume" as const, "idle" as const) }),
  fc.record({ kind: fc.constantFrom("pause-queue" as const, "resume-queue" as const) }),
  fc.record({ kind: fc.constant("cancel" as const), n: fc.nat({ max: 20 }) }),
  // Another consumer that dies: what is taken twice is a suspect.
  fc.record({ kind: fc.constant("crash" as const), max: fc.integer({ min: 1, max: 5 }) }),
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
  },
);

it("whatever is paused, cancelled or taken away, no lost job is started and a closed worker holds nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        steps: fc.array(step, { minLength: 1, maxLength: 40 }),
        jobs: fc.integer({ min: 1, max: 20 }),
        maxDeliveries: fc.constantFrom(4, 1_000),
        concurrency: fc.integer({ min: 1, max: 8 }),
        limit: fc.constantFrom(undefined, { max: 3, perMs: 200 }),
        maxWaitMs: fc.constantFrom(undefined, 0, 500, 5_000),
        facet: fc.boolean(),
      }),
      async ({ steps, jobs, maxDeliveries, concurrency, limit, maxWaitMs, facet }) => {
        const { clock, backend, queue, store } = newRig<number>({ facet });
        const startedLost: string[] = [];
        const run = async (n: number, job: JobContext): Promise<void> => {
          if ((job as ActiveJob).lost) startedLost.push(job.id);
          if (n % 5 === 2) throw new Unrecoverable("never");
          if (n % 7 === 3 && job.failures < 2) throw new Error("not yet");
          if (n % 9 === 4 && job.deliveryCount < 3) throw new RetryAfter(1_500, { counts: false });
          if (n % 11 === 5) throw Object.assign(new Error("down"), { retryable: true });
          if (n % 4 === 0) return;
          await new Promise<void>((resolve, reject) => {
            if (n % 13 !== 6) clock.schedule(resolve, n % 2 === 0 ? 300 : 900);
            job.signal.addEventListener("abort", () => reject(job.signal.reason as Error));
          });
        };
        const options = {
          deadLetters: store,
          concurrency,
          leaseMs: 2_000,
          timeoutMs: 1_000,
          retry: { maxAttempts: 3 },
          ...(limit !== undefined && { limit }),
        };
        const worker =
          maxWaitMs === undefined
            ? queue.process(run, options)
            : queue.processBatch(
                async (payloads, contexts) =>
                  Promise.allSettled(payloads.map(async (n, index) => run(n, contexts[index] as JobContext))),
                { ...options, maxBatch: 20, maxWaitMs },
              );
        await Promise.all(
          Array.from({ length: jobs }, async (_, n) => queue.enqueue(n, { id: `job-${n}`, maxDeliveries })),
        );

        const idle: Promise<void>[] = [];
        for (const next of steps) {
          await settled(3);
          if (next.kind === "lose") backend.loseReply.add(next.verb);
          if (next.kind === "away") backend.away.add(next.verb);
          if (next.kind === "back") backend.away.clear();
          if (next.kind === "store-fails") store.failNext = new Error("disk full");
          if (next.kind === "pause") worker.pause();
          if (next.kind === "resume") worker.resume();
          if (next.kind === "idle") idle.push(worker.idle());
          if (next.kind === "pause-queue") await queue.admin?.pause();
          if (next.kind === "resume-queue") await queue.admin?.resume();
          if (next.kind === "cancel") await queue.admin?.cancel([`job-${next.n}`]);
          if (next.kind === "crash")
            await queue.dequeue({ max: next.max, leaseMs: 100 }).catch(() => undefined);
          if (next.kind === "pass") await clock.advance(next.ms);
        }
        backend.away.clear();
        backend.loseReply.clear();

        const closing = worker.close({ deadlineMs: 4_000 });
        for (let part = 0; part < 40; part++) {
          await settled(3);
          await clock.advance(100);
        }
        await closing;
        await Promise.all(idle);
        expect(startedLost).toEqual([]);
        expect(worker.status).toMatchObject({ running: 0, fetched: 0, unsettled: 0 });
        const { depth, delayed, inFlight, ...ended } = await queue.metrics();
        expect(depth + delayed + inFlight + ended.processed + ended.deadLettered + ended.cancelled).toBe(
          jobs,
        );
        // Nobody else has a job, and no reply or settlement was lost: all were handed back.
        const mayBeHeld = steps.some(
          ({ kind, ...rest }) =>
            kind === "lose" ||
            kind === "crash" ||
            (kind === "away" && "verb" in rest && rest.verb === "settle"),
        );
        expect(mayBeHeld ? 0 : inFlight).toBe(0);
        // Of the handlers that were still at it.
        await clock.advance(1_000);
        await queue.close();
        expect(clock.pendingCount).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
}, 60_000);
