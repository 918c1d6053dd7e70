import { describe, expect, it } from "vitest";
import { PrefetchWindow } from "../../../src/worker/prefetch-window.ts";
import { gate, newRig, settled } from "../../support/worker-rig.ts";

describe("the prefetch window", () => {
  it("is the slots alone until a pace is known", () => {
    expect(new PrefetchWindow(10, 1_000, 0).size(5)).toBe(10);
  });

  it("holds about 100 ms of work ahead of the slots, at most the prefetch", () => {
    const window = new PrefetchWindow(10, 1_000, 0);
    for (let n = 0; n < 20; n++) window.finished();
    expect(window.size(20)).toBe(10 + 100);
    for (let n = 0; n < 2_000; n++) window.finished();
    expect(window.size(40)).toBe(10 + 1_000);
  });

  it("closes again within a second when the jobs become slow", () => {
    const window = new PrefetchWindow(1, 1_000, 0);
    for (let n = 0; n < 100; n++) window.finished();
    expect(window.size(10)).toBe(1 + 1_000);
    window.finished();
    expect(window.size(1_010)).toBe(1);
  });
});

describe("a worker", () => {
  it("never holds more jobs than it has slots when they are slow", async () => {
    const { clock, queue, store } = newRig<number>();
    const worker = queue.process(async () => new Promise<void>((resolve) => clock.schedule(resolve, 1_000)), {
      deadLetters: store,
      concurrency: 5,
    });
    await queue.enqueueMany(Array.from({ length: 50 }, (_, n) => n));
    let most = 0;
    for (let second = 0; second < 10; second++) {
      await settled(4);
      most = Math.max(most, (await queue.metrics()).inFlight);
      await clock.advance(1_000);
    }
    await settled();
    expect(most).toBeLessThanOrEqual(6);
    expect(await queue.metrics()).toMatchObject({ processed: 50 });
    await worker.close();
  });

  it("starts at most `max` jobs in any `perMs`, and all in the end", async () => {
    const { clock, queue, store } = newRig<number>();
    const starts: number[] = [];
    const worker = queue.process(() => void starts.push(clock.monotonic()), {
      deadLetters: store,
      limit: { max: 3, perMs: 100 },
    });
    await queue.enqueueMany(Array.from({ length: 12 }, (_, n) => n));
    let idle = false;
    const waiting = (async () => {
      await worker.idle();
      idle = true;
    })();
    await settled();
    expect(idle).toBe(false);
    await clock.advance(1_000);
    await waiting;
    expect(starts).toEqual([0, 0, 0, 100, 100, 100, 200, 200, 200, 300, 300, 300]);
    expect(await queue.metrics()).toMatchObject({ processed: 12 });
    await worker.close();
  });

  it("takes nothing while paused, hands back what it had fetched, and goes on after", async () => {
    const { queue, store } = newRig<number>();
    const seen: number[] = [];
    const worker = queue.process((n) => void seen.push(n), { deadLetters: store });
    await settled();
    worker.pause();
    await queue.enqueueMany([1, 2, 3]);
    await settled();
    expect(seen).toEqual([]);
    expect(await queue.metrics()).toMatchObject({ depth: 3, inFlight: 0 });
    worker.resume();
    await worker.idle();
    expect(seen).toEqual([1, 2, 3]);
    await worker.close();
  });

  it("hands back what it had fetched within a second of a pause of the whole queue", async () => {
    const { clock, queue, store } = newRig<number>();
    const hold = gate();
    const worker = queue.process(async (n) => (n === -1 ? hold.promise : undefined), {
      deadLetters: store,
      concurrency: 1,
    });
    for (let round = 0; round < 4; round++) {
      await queue.enqueueMany(Array.from({ length: 50 }, () => 0));
      await settled();
      await clock.advance(10);
    }
    await queue.enqueueMany([-1, 1, 2, 3]);
    await settled();
    expect(worker.status).toMatchObject({ running: 1, fetched: 3 });
    await queue.admin?.pause();
    await clock.advance(1_000);
    await settled();
    expect(worker.status).toMatchObject({ running: 1, fetched: 0 });
    expect(await queue.metrics()).toMatchObject({ depth: 3 });
    await queue.admin?.resume();
    hold.open();
    await settled();
    await clock.advance(5_000);
    await worker.idle();
    expect(await queue.metrics()).toMatchObject({ depth: 0, inFlight: 0 });
    await worker.close();
  });

  it("is idle once nothing is ready and everything is settled", async () => {
    const { clock, queue, store } = newRig<number>();
    const hold = gate();
    const worker = queue.process(async () => hold.promise, { deadLetters: store });
    await worker.idle();
    await queue.enqueue(1);
    let idle = false;
    const waiting = (async () => {
      await worker.idle();
      idle = true;
    })();
    await settled();
    expect(idle).toBe(false);
    hold.open();
    await waiting;
    expect(await queue.metrics()).toMatchObject({ processed: 1 });
    // A job that waits for its time does not keep a worker from being idle.
    await queue.enqueue(2, { delayMs: 1_000 });
    await worker.idle();
    await clock.advance(1_000);
    await settled();
    expect(await queue.metrics()).toMatchObject({ processed: 2 });
    await worker.close();
  });
});
