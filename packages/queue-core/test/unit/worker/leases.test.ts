import { describe, expect, it } from "vitest";
import { gate, newRig, settled } from "../../support/worker-rig.ts";

describe("leases", () => {
  it("are kept by one call a beat for all jobs, running and fetched", async () => {
    const { clock, backend, queue, store } = newRig<number>();
    const end = gate();
    const worker = queue.process(async () => end.promise, {
      deadLetters: store,
      concurrency: 5,
      leaseMs: 30_000,
    });
    await queue.enqueueMany([1, 2, 3, 4, 5]);
    await settled();
    await clock.advance(120_000);
    expect(new Set(backend.calls.filter((call) => call.startsWith("extend")))).toEqual(new Set(["extend 5"]));
    expect(backend.calls.filter((call) => call.startsWith("extend")).length).toBeLessThanOrEqual(12);
    end.open();
    await settled();
    expect(await queue.metrics()).toMatchObject({ processed: 5, reclaimed: 0 });
    await worker.close();
  });

  it("leave no timer behind when nothing is held", async () => {
    const { clock, queue, store } = newRig();
    const worker = queue.process(() => {}, { deadLetters: store });
    await queue.enqueue("x");
    await settled();
    await clock.advance(60_000);
    await worker.close();
    await queue.close();
    expect(clock.pendingCount).toBe(0);
  });

  it("are given up by the worker's own clock before another consumer can have the job", async () => {
    const { clock, backend, queue, store } = newRig();
    const moments: string[] = [];
    const worker = queue.process(
      async (_, { signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            moments.push(`aborted at ${clock.monotonic()}: ${(signal.reason as { code: string }).code}`);
            resolve();
          });
        }),
      { deadLetters: store, leaseMs: 1_000 },
    );
    worker.on("leaseLost", () => moments.push("leaseLost"));
    await queue.enqueue("x");
    await settled();
    backend.away.add("extend").add("settle").add("dequeue");
    await clock.advance(999);
    expect(moments).toEqual([]);
    await clock.advance(1);
    expect(moments).toEqual(["aborted at 1000: JOB_LEASE_LOST", "leaseLost"]);
    backend.away.clear();
    await worker.close();
  });

  it("do not start a fetched job that outlived its own", async () => {
    const { clock, backend, queue, store } = newRig<number>();
    const started: number[] = [];
    const worker = queue.process(
      async (n) => {
        started.push(n);
        if (n !== -1) return;
        backend.away.add("extend").add("dequeue");
        await clock.advance(5_000);
        backend.away.clear();
      },
      { deadLetters: store, concurrency: 1, leaseMs: 1_000 },
    );
    for (let round = 0; round < 4; round++) {
      await queue.enqueueMany([0, 0, 0, 0, 0]);
      await settled();
      await clock.advance(10);
    }
    started.length = 0;
    await queue.enqueueMany([-1, 1, 2, 3]);
    await settled(60);
    expect(started.slice(0, 4).toSorted((a, b) => a - b)).toEqual([-1, 1, 2, 3]);
    const { reclaimed, inFlight, depth } = await queue.metrics();
    // Handed back or reclaimed, but never run under a lease that was over.
    expect({ inFlight, depth }).toEqual({ inFlight: 0, depth: 0 });
    expect(reclaimed).toBeLessThanOrEqual(4);
    await worker.close();
  });

  it("can be made longer by the handler, and say so when they are not its own any more", async () => {
    const { queue, store } = newRig();
    const answers: boolean[] = [];
    const worker = queue.process(
      async (_, job) => {
        answers.push(await job.extend(60_000));
        await queue.admin?.cancel([job.id]);
        answers.push(await job.extend(60_000));
        answers.push(job.signal.aborted);
      },
      { deadLetters: store },
    );
    await queue.enqueue("x");
    await settled();
    expect(answers).toEqual([true, false, true]);
    await worker.close();
  });

  it("are kept by the heartbeat also after a handler asked for less than they had", async () => {
    const { clock, backend, queue, store } = newRig();
    const end = gate();
    let runs = 0;
    const worker = queue.process(
      async (_, job) => {
        runs++;
        await job.extend(1_000);
        await end.promise;
      },
      { deadLetters: store, leaseMs: 30_000 },
    );
    await queue.enqueue("x");
    await settled();
    await clock.advance(60_000);
    end.open();
    await settled();
    expect(runs).toBe(1);
    expect(await queue.metrics()).toMatchObject({ processed: 1, reclaimed: 0 });
    expect(backend.calls.filter((call) => call.startsWith("extend")).length).toBeLessThanOrEqual(8);
    await worker.close();
  });

  it("end the handler of a job that was cancelled, at the next beat", async () => {
    const { clock, queue, store } = newRig();
    const reasons: unknown[] = [];
    const worker = queue.process(
      async (_, { signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason);
            resolve();
          });
        }),
      { deadLetters: store, leaseMs: 30_000 },
    );
    await queue.enqueue("x", { id: "job" });
    await settled();
    await queue.admin?.cancel(["job"]);
    await clock.advance(10_000);
    expect(reasons).toMatchObject([{ code: "JOB_LEASE_LOST" }]);
    await worker.close();
  });
});
