import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LocalBackend, Queue } from "../../../src/index.ts";
import { RecordingStore } from "../../support/recording-store.ts";
import { gate, newRig, settled } from "../../support/worker-rig.ts";

const fulfilled = { status: "fulfilled", value: undefined } as const;

describe("processBatch", () => {
  it("hands over full batches at once, and the rest when its time is up", async () => {
    const { clock, queue, store } = newRig<number>();
    const batches: number[][] = [];
    const worker = queue.processBatch((payloads) => void batches.push([...payloads]), {
      deadLetters: store,
      maxBatch: 4,
      maxWaitMs: 50,
    });
    await queue.enqueueMany(Array.from({ length: 10 }, (_, n) => n));
    await settled();
    expect(batches).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    await clock.advance(50);
    await settled();
    expect(batches[2]).toEqual([8, 9]);
    expect(await queue.metrics()).toMatchObject({ processed: 10, inFlight: 0 });
    await worker.close();
  });

  it("takes a result for each job: some done, some failed", async () => {
    const { queue, store } = newRig<number>();
    const worker = queue.processBatch(
      async (payloads) =>
        Promise.allSettled(
          payloads.map(async (n) => {
            if (n % 2 === 1) throw new Error(`odd ${n}`);
          }),
        ),
      { deadLetters: store, maxWaitMs: 0, retry: { maxAttempts: 1 } },
    );
    await queue.enqueueMany([0, 1, 2, 3]);
    await settled();
    expect(store.all.map(({ message }) => message)).toEqual(["odd 1", "odd 3"]);
    expect(await queue.metrics()).toMatchObject({ processed: 2, deadLettered: 2 });
    await worker.close();
  });

  it("takes a throw, or a wrong number of results, as the failure of all", async () => {
    const { queue, store } = newRig<number>();
    const worker = queue.processBatch(() => [fulfilled], {
      deadLetters: store,
      maxWaitMs: 0,
      retry: { maxAttempts: 1 },
    });
    await queue.enqueueMany([1, 2]);
    await settled();
    expect(store.all).toMatchObject([{ reason: "exhausted" }, { reason: "exhausted" }]);
    expect(store.all[0]?.message).toBe("Expected the batch handler to answer nothing or 2 results, got 1");
    await worker.close();
  });

  it("leaves out what is invalid, and is not held up by it", async () => {
    const backend = new LocalBackend("jobs");
    const queue = new Queue(backend, { schema: z.number() });
    const store = new RecordingStore();
    await backend.enqueue(['"text"', "1", "2"].map((body, n) => ({ id: `job-${n}`, body })));
    const batches: number[][] = [];
    const worker = queue.processBatch((payloads) => void batches.push([...payloads]), {
      deadLetters: store,
      maxWaitMs: 0,
    });
    await worker.idle();
    expect(batches.flat()).toEqual([1, 2]);
    expect(store.all).toMatchObject([{ reason: "invalid" }]);
    await queue.close();
  });

  it("fails the whole batch by its time-out, and ignores what comes late", async () => {
    const { clock, queue, store } = newRig<number>();
    const late = gate();
    const worker = queue.processBatch(async () => late.promise, {
      deadLetters: store,
      timeoutMs: 100,
      maxWaitMs: 0,
      retry: { maxAttempts: 1 },
    });
    await queue.enqueueMany([1, 2, 3]);
    await settled();
    await clock.advance(100);
    await settled();
    late.open();
    await settled();
    expect(store.all.map(({ code }) => code)).toEqual(["JOB_TIMED_OUT", "JOB_TIMED_OUT", "JOB_TIMED_OUT"]);
    expect(await queue.metrics()).toMatchObject({ processed: 0, deadLettered: 3 });
    await worker.close();
  });

  it("hands back what it had gathered and what runs when it is closed", async () => {
    const { clock, queue, store } = newRig<number>();
    const worker = queue.processBatch(async () => new Promise(() => {}), {
      deadLetters: store,
      maxBatch: 2,
      maxWaitMs: 60_000,
      concurrency: 2,
    });
    await queue.enqueueMany([1, 2, 3]);
    await settled();
    expect(worker.status.running).toBe(3);
    const closing = worker.close({ deadlineMs: 100 });
    for (let step = 0; step < 10; step++) {
      await settled();
      await clock.advance(10);
    }
    await closing;
    expect(await queue.metrics()).toMatchObject({ depth: 3, inFlight: 0 });
    expect(await queue.dequeue({ max: 3 })).toMatchObject([
      { deliveryCount: 1 },
      { deliveryCount: 1 },
      { deliveryCount: 1 },
    ]);
  });
});
