import { describe, expect, it } from "vitest";
import { newRig, settled } from "../../support/worker-rig.ts";

/** As our adapters say it. */
class StoreDown extends Error {
  readonly retryable = true;
}

describe("an outage of what a handler needs", () => {
  it.each([
    { jobs: 1, seconds: 60 },
    { jobs: 200, seconds: 60 },
    { jobs: 3, seconds: 3_600 },
  ])("of $seconds s makes no dead letter of $jobs jobs, and counts no failure", async ({ jobs, seconds }) => {
    const { clock, queue, store } = newRig<number>();
    let down = true;
    let tries = 0;
    const worker = queue.process(
      async () => {
        tries++;
        if (down) throw new StoreDown("connection refused");
      },
      { deadLetters: store, concurrency: 10, retry: { maxAttempts: 3 } },
    );
    await queue.enqueueMany(Array.from({ length: jobs }, (_, n) => n));
    await settled();
    await clock.advance(seconds * 1_000);
    expect(await queue.metrics()).toMatchObject({ processed: 0, failed: 0, deadLettered: 0 });
    // One try at a time, further and further apart, not thousands.
    expect(tries).toBeLessThan(50 + seconds);
    down = false;
    await clock.advance(60_000);
    await worker.idle();
    expect(store.all).toEqual([]);
    expect(await queue.metrics()).toMatchObject({
      processed: jobs,
      deadLettered: 0,
      inFlight: 0,
      delayed: 0,
    });
    await worker.close();
  });

  it("lets a handler's other failures count on", async () => {
    const { clock, queue, store } = newRig();
    const worker = queue.process(
      () => {
        throw new Error("a bug");
      },
      { deadLetters: store, retry: { maxAttempts: 3 } },
    );
    await queue.enqueue("x");
    await settled();
    await clock.advance(1_000);
    await settled();
    expect(store.all).toMatchObject([{ attempts: 3, reason: "exhausted" }]);
    await worker.close();
  });

  it("hands fetched jobs back: they would only fail too", async () => {
    const { clock, queue, store } = newRig<number>();
    let down = false;
    const worker = queue.process(
      () => {
        if (down) throw new StoreDown("connection refused");
      },
      { deadLetters: store, concurrency: 1 },
    );
    for (let round = 0; round < 4; round++) {
      await queue.enqueueMany(Array.from({ length: 50 }, () => 0));
      await settled();
      await clock.advance(10);
    }
    down = true;
    await queue.enqueueMany(Array.from({ length: 50 }, () => 0));
    await settled();
    expect(worker.status).toMatchObject({ fetched: 0, running: 0 });
    expect(await queue.metrics()).toMatchObject({ depth: 49, delayed: 1, inFlight: 0 });
    down = false;
    await clock.advance(1_000);
    await worker.idle();
    expect(await queue.metrics()).toMatchObject({ processed: 250 });
    await worker.close();
  });
});
