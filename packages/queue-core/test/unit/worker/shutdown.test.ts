import { describe, expect, it } from "vitest";
import { sampleJob } from "../../../src/testing/index.ts";
import { gate, newRig, settled } from "../../support/worker-rig.ts";

/** A generator of numbers from 0 to 1 that gives the same series for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe("closing a worker", () => {
  it.each(Array.from({ length: 100 }, (_, seed) => seed))(
    "under load loses no job, counts no attempt that did not start, and is inside its deadline (seed %i)",
    async (seed) => {
      const random = seeded(seed);
      const { clock, queue, store } = newRig<number>({ facet: seed % 2 === 0 });
      const jobs = 50 + Math.floor(random() * 500);
      const deadlineMs = Math.floor(random() * 2_000);
      const startedTimes = new Map<string, number>();
      const worker = queue.process(
        async (n, job) => {
          startedTimes.set(job.id, (startedTimes.get(job.id) ?? 0) + 1);
          if (n % 7 === 0) throw new Error("a failing job");
          // Some end at once, some on time, some too late, and some never.
          if (n % 3 === 0) return;
          await new Promise<void>((resolve) => {
            if (n % 50 !== 1) clock.schedule(resolve, random() * 3_000);
            if (n % 2 === 0) job.signal.addEventListener("abort", () => resolve());
          });
        },
        {
          deadLetters: store,
          concurrency: 1 + Math.floor(random() * 20),
          leaseMs: 10_000,
          retry: { maxAttempts: 2 },
        },
      );
      await queue.enqueueMany(Array.from({ length: jobs }, (_, n) => n));
      await settled(1 + Math.floor(random() * 10));
      await clock.advance(Math.floor(random() * 1_000));

      const closedFrom = clock.monotonic();
      let closedAt = Infinity;
      const closing = (async () => {
        await worker.close({ deadlineMs });
        closedAt = clock.monotonic();
      })();
      for (let step = 0; step < 20; step++) {
        await settled();
        await clock.advance(deadlineMs / 20);
      }
      await settled();
      expect(closedAt - closedFrom).toBeLessThanOrEqual(deadlineMs);
      await closing;

      const metrics = await queue.metrics();
      expect(metrics.inFlight).toBe(0);
      expect(metrics.processed + metrics.deadLettered + metrics.depth + metrics.delayed).toBe(jobs);
      expect(store.all).toHaveLength(metrics.deadLettered);
      await clock.advance(60_000);
      let countedUnstarted = 0;
      for (;;) {
        const received = await queue.dequeue({ max: 250 });
        if (received.length === 0) break;
        for (const job of received) {
          if (!startedTimes.has(job.id)) countedUnstarted += job.deliveryCount - 1;
          await job.done();
        }
      }
      expect(countedUnstarted).toBe(0);
      await queue.close();
      expect(clock.pendingCount).toBe(0);
    },
  );

  it("lets a running handler end, and its result counts", async () => {
    const { clock, queue, store } = newRig();
    const worker = queue.process(async () => new Promise<void>((resolve) => clock.schedule(resolve, 500)), {
      deadLetters: store,
    });
    await queue.enqueue("x");
    await settled();
    const closing = worker.close({ deadlineMs: 1_000 });
    await clock.advance(500);
    await closing;
    expect(worker.status).toMatchObject({ state: "closed", running: 0, unsettled: 0 });
    expect(await queue.metrics()).toMatchObject({ processed: 1 });
  });

  it("aborts what runs too long with its own reason, and hands the job back uncounted", async () => {
    const { clock, queue, store } = newRig();
    const reasons: unknown[] = [];
    const worker = queue.process(
      async (_, { signal }) => {
        signal.addEventListener("abort", () => reasons.push(signal.reason));
        await new Promise(() => {});
      },
      { deadLetters: store },
    );
    await queue.enqueue("x");
    await settled();
    const closing = worker.close({ deadlineMs: 100 });
    await settled();
    await clock.advance(75);
    await closing;
    expect(reasons).toMatchObject([{ code: "WORKER_CLOSING" }]);
    const [again] = await queue.dequeue();
    expect(again).toMatchObject({ deliveryCount: 1, failures: 0 });
  });

  it.each(["process", "processBatch"] as const)(
    "does not count the attempt of a handler that rejects when its signal aborts (%s)",
    async (verb) => {
      const { clock, queue, store } = newRig();
      const events: string[] = [];
      const rejecting = async (signal: AbortSignal | undefined): Promise<void> =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason as Error));
        });
      const options = { deadLetters: store, retry: { maxAttempts: 1 } };
      const worker =
        verb === "process"
          ? queue.process(async (_, { signal }) => rejecting(signal), options)
          : queue.processBatch(async (_, [job]) => rejecting(job?.signal), { ...options, maxWaitMs: 0 });
      worker.on("failed", ({ job }) => events.push(`failed ${job.id}`));
      await queue.enqueue("x");
      await settled();
      const closing = worker.close({ deadlineMs: 100 });
      await settled();
      await clock.advance(75);
      await closing;
      expect({ letters: store.all, events }).toEqual({ letters: [], events: [] });
      const [again] = await queue.dequeue();
      expect(again).toMatchObject({ deliveryCount: 1, failures: 0 });
    },
  );

  it("hands back what a fetch brings at that moment, however near the two are", async () => {
    for (let microtasks = 0; microtasks < 30; microtasks++) {
      const { backend, queue, store } = newRig({ facet: false });
      const worker = queue.process(async () => new Promise(() => {}), { deadLetters: store });
      await settled();
      void backend.enqueue([sampleJob()]);
      for (let turn = 0; turn < microtasks; turn++) await Promise.resolve();
      if (worker.status.running > 0) break;
      await worker.close();
      expect(await queue.metrics()).toMatchObject({ depth: 1, inFlight: 0 });
    }
    expect.hasAssertions();
  });

  it("hands back what still runs although a call has just failed", async () => {
    const { clock, backend, queue, store } = newRig<number>();
    const end = gate();
    const worker = queue.process(async (n) => (n === 1 ? end.promise : new Promise(() => {})), {
      deadLetters: store,
    });
    await queue.enqueueMany([1, 2]);
    await settled();
    backend.away.add("settle").add("dequeue");
    await clock.advance(20_000);
    const closing = worker.close({ deadlineMs: 1_000 });
    end.open();
    await settled();
    backend.away.clear();
    await clock.advance(1_000);
    await closing;
    expect(await queue.metrics()).toMatchObject({ processed: 1, depth: 1, inFlight: 0 });
  });

  it("is over in time with the backend away, and the lease brings the job back", async () => {
    const { clock, backend, queue, store } = newRig();
    const worker = queue.process(() => {}, { deadLetters: store, leaseMs: 1_000 });
    await settled();
    backend.away.add("settle");
    await queue.enqueue("x");
    await settled();
    const closing = worker.close({ deadlineMs: 300 });
    await settled();
    await clock.advance(300);
    await closing;
    expect(worker.status.state).toBe("closed");
    backend.away.clear();
    await clock.advance(1_000);
    expect(await queue.dequeue()).toHaveLength(1);
  });

  it.each(["close", "pause"] as const)(
    "hands back at once what would have to wait under its lease (%s)",
    async (verb) => {
      const { clock, queue, store } = newRig();
      const end = gate();
      const worker = queue.process(
        async () => {
          await end.promise;
          throw Object.assign(new Error("down"), { retryable: true });
        },
        { deadLetters: store, retry: { baseDelayMs: 20_000 } },
      );
      await queue.enqueue("x", { maxDeliveries: 1 });
      await settled();
      const stopping = verb === "close" ? worker.close() : worker.pause();
      end.open();
      await settled();
      await stopping;
      expect(await queue.metrics()).toMatchObject({ depth: 1, inFlight: 0 });
      await worker.close();
      await queue.close();
      expect(clock.pendingCount).toBe(0);
    },
  );

  it("ends every wait for it to be idle, also with settlements that could not be made", async () => {
    const { clock, backend, queue, store } = newRig();
    const worker = queue.process(() => {}, { deadLetters: store });
    await settled();
    backend.away.add("settle");
    await queue.enqueue("x");
    await settled();
    const waits: string[] = [];
    const before = worker.idle().then(() => waits.push("before"));
    await worker.close({ deadlineMs: 0 });
    expect(worker.status).toMatchObject({ state: "closed", unsettled: 1 });
    const after = worker.idle().then(() => waits.push("after"));
    await settled();
    await clock.advance(60_000);
    expect(waits).toEqual(["before", "after"]);
    await Promise.all([before, after]);
  });

  it("ends the wait for it to be idle when the backend was closed under it", async () => {
    const { backend, queue, store } = newRig();
    const end = gate();
    const worker = queue.process(async () => end.promise, { deadLetters: store });
    await queue.enqueue("x");
    await settled();
    const waiting = worker.idle().then(() => true);
    await backend.close();
    end.open();
    await settled();
    expect(await Promise.race([waiting, settled().then(() => false)])).toBe(true);
    expect(worker.status).toMatchObject({ running: 0, unsettled: 1 });
    const closing = worker.close().then(() => true);
    expect(await Promise.race([closing, settled().then(() => false)])).toBe(true);
  });

  it("may be asked twice", async () => {
    const { queue, store } = newRig();
    const worker = queue.process(() => {}, { deadLetters: store });
    await Promise.all([worker.close(), worker.close()]);
    await worker.close();
    expect(worker.status.state).toBe("closed");
  });

  it("is part of closing its queue, which takes no call afterwards", async () => {
    const { queue, store } = newRig();
    const worker = queue.process(() => {}, { deadLetters: store });
    await queue.close();
    expect(worker.status.state).toBe("closed");
    await expect(queue.enqueue("x")).rejects.toMatchObject({ code: "QUEUE_CLOSED" });
    await expect(queue.enqueueMany(["x"])).rejects.toMatchObject({ code: "QUEUE_CLOSED" });
    await expect(queue.dequeue()).rejects.toMatchObject({ code: "QUEUE_CLOSED" });
    expect(() => queue.process(() => {}, { deadLetters: store })).toThrow(
      expect.objectContaining({ code: "QUEUE_CLOSED" }),
    );
  });
});
