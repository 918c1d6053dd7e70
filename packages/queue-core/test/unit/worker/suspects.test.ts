import { describe, expect, it } from "vitest";
import { newRig, settled } from "../../support/worker-rig.ts";

/** Delivers everything that is ready and lets the leases end, as a process that was killed. */
async function crash(rig: ReturnType<typeof newRig<string>>, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    for (let taken = 1; taken > 0;) taken = (await rig.queue.dequeue({ max: 250, leaseMs: 100 })).length;
    await rig.clock.advance(101);
  }
}

describe("a suspect", () => {
  it("runs with nothing else in the worker's hands", async () => {
    const rig = newRig();
    const { clock, queue, store } = rig;
    await queue.enqueueMany(["a", "b", "c"]);
    await crash(rig, 2);
    await queue.enqueueMany(["fresh 1", "fresh 2"]);
    const alone: boolean[] = [];
    let running = 0;
    const worker = queue.process(
      async (_, job) => {
        running++;
        await settled(2);
        const { inFlight } = await queue.metrics();
        if (job.deliveryCount > 2) alone.push(running === 1 && inFlight === 1);
        running--;
      },
      { deadLetters: store, concurrency: 10 },
    );
    await settled(200);
    await clock.advance(5_000);
    await settled(100);
    expect(alone).toEqual([true, true, true]);
    expect(await queue.metrics()).toMatchObject({ processed: 5, inFlight: 0, depth: 0 });
    await worker.close();
  });

  it("that kills its process every time ends in the dead letters, and its neighbours do not", async () => {
    const rig = newRig();
    const { clock, queue, store } = rig;
    await queue.enqueueMany(Array.from({ length: 30 }, (_, n) => (n === 10 ? "killer" : `neighbour ${n}`)));
    const finished = new Set<string>();
    // A "process" is a worker that the killer stops dead: nothing of it is settled any more.
    for (let life = 0; life < 60; life++) {
      let dead = false;
      const worker = queue.process(
        async (name) => {
          if (dead || name === "killer") {
            dead = true;
            await new Promise(() => {});
          }
          finished.add(name);
        },
        { deadLetters: store, concurrency: 5, leaseMs: 100, timeoutMs: 0 },
      );
      await settled(60);
      rig.backend.away.add("settle").add("extend").add("dequeue");
      if (!dead) await settled(60);
      const closing = worker.close({ deadlineMs: 0 });
      await clock.advance(1);
      await closing;
      rig.backend.away.clear();
      await clock.advance(200);
      if (store.all.length > 0) break;
    }
    const rest = queue.process((name) => void finished.add(name), { deadLetters: store });
    await settled(100);
    expect(store.all).toMatchObject([{ reason: "poison", payload: '"killer"' }]);
    expect(finished.size).toBe(29);
    await rest.close();
  });

  it("is started no sooner than the rate limit of its worker allows", async () => {
    const rig = newRig();
    const { clock, queue, store } = rig;
    await queue.enqueueMany(["a", "b", "c"]);
    await crash(rig, 2);
    const starts: number[] = [];
    const from = clock.monotonic();
    const worker = queue.process(() => void starts.push(clock.monotonic() - from), {
      deadLetters: store,
      limit: { max: 1, perMs: 100 },
    });
    // A suspect is fetched once the one before is settled: some turns, in which this clock must stand still.
    for (let step = 0; step < 10; step++) {
      await settled(20);
      await clock.advance(50);
    }
    expect(starts).toEqual([0, 100, 200]);
    await worker.close();
    await queue.close();
    expect(clock.pendingCount).toBe(0);
  });

  it.each([
    { parked: "suspect", finishing: ["later"] },
    { parked: "neighbour", finishing: ["suspect", "later"] },
  ])("stops nothing for good when the $parked was parked and is lost", async ({ parked, finishing }) => {
    const rig = newRig();
    const { clock, queue, store } = rig;
    await queue.enqueue("x", { id: "suspect", maxDeliveries: 4 });
    await crash(rig, 2);
    if (parked === "neighbour") await queue.enqueue("x", { id: parked, maxDeliveries: 1, priority: "high" });
    const finished: string[] = [];
    const worker = queue.process(
      (_, { id }) => {
        if (id === parked) throw Object.assign(new Error("down"), { retryable: true });
        finished.push(id);
      },
      { deadLetters: store, leaseMs: 6_000, retry: { baseDelayMs: 30_000 } },
    );
    await settled();
    await clock.advance(1_000);
    await queue.enqueue("x", { id: "later" });
    await queue.admin?.cancel([parked]);
    // The lease is lost at the next beat; what is fetched then needs turns in which this clock stands still.
    await clock.advance(5_000);
    await settled(20);
    await clock.advance(5_000);
    await settled();
    expect(finished).toEqual(finishing);
    await worker.idle();
    await worker.close();
  });
});
