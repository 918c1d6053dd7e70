import { describe, expect, it } from "vitest";
import { gate, newRig, settled } from "../../support/worker-rig.ts";

describe("settling", () => {
  it("joins what ends in one turn into one call, which brings the next jobs along", async () => {
    const { backend, queue, store } = newRig<number>();
    const worker = queue.process(() => {}, { deadLetters: store, concurrency: 10, prefetch: 0 });
    await queue.enqueueMany(Array.from({ length: 30 }, (_, n) => n));
    await worker.idle();
    expect(backend.calls.filter((call) => call.startsWith("settle"))).toEqual([
      "settle 10",
      "settle 10",
      "settle 10",
    ]);
    await worker.close();
  });

  it("works the same on a backend that cannot settle and fetch in one trip", async () => {
    const { queue, store } = newRig<number>({ facet: false });
    const worker = queue.process(async () => {}, { deadLetters: store });
    await queue.enqueueMany(Array.from({ length: 2_000 }, (_, n) => n));
    await worker.idle();
    expect(await queue.metrics()).toMatchObject({ processed: 2_000, inFlight: 0, depth: 0 });
    await worker.close();
  });

  it("is sent again when its reply was lost, and is no lost lease then", async () => {
    const { clock, backend, queue, store } = newRig();
    const events: string[] = [];
    const worker = queue.process(() => {}, { deadLetters: store });
    worker.on("leaseLost", () => events.push("leaseLost"));
    worker.on("completed", () => events.push("completed"));
    worker.on("reconnected", () => events.push("reconnected"));
    await settled();
    backend.loseReply.add("settle");
    await queue.enqueue("x");
    await settled();
    expect(worker.status).toMatchObject({ unsettled: 1 });
    await clock.advance(100);
    await settled();
    expect(events).toEqual(["completed", "reconnected"]);
    expect(worker.status).toMatchObject({ unsettled: 0, backendOutageMs: 0 });
    expect(await queue.metrics()).toMatchObject({ processed: 1 });
    await worker.close();
  });

  it("outlives an outage of the backend: no handler runs twice", async () => {
    const { clock, backend, queue, store } = newRig();
    const done = gate();
    let runs = 0;
    const worker = queue.process(
      async () => {
        runs++;
        await done.promise;
      },
      { deadLetters: store },
    );
    await queue.enqueue("x");
    await settled();
    backend.away.add("settle").add("dequeue").add("extend");
    done.open();
    await clock.advance(20_000);
    expect(worker.status).toMatchObject({ unsettled: 1 });
    expect(worker.status.backendOutageMs).toBeGreaterThan(10_000);
    backend.away.clear();
    await clock.advance(10_000);
    await settled();
    expect(runs).toBe(1);
    expect(await queue.metrics()).toMatchObject({ processed: 1, reclaimed: 0 });
    await worker.close();
  });

  it.each([true, false])(
    "is told once when the jobs that came with it cannot be read (facet %s)",
    async (facet) => {
      const { clock, backend, queue, store } = newRig({ facet });
      const completed: string[] = [];
      const worker = queue.process(() => {}, { deadLetters: store, concurrency: 1, prefetch: 0 });
      worker.on("completed", ({ job }) => completed.push(job.id));
      await settled();
      backend.distort = (delivery) =>
        delivery.job.id === "bad"
          ? { ...delivery, job: { ...delivery.job, headers: undefined as never } }
          : delivery;
      await queue.enqueueMany(["x", "x"]);
      await queue.enqueue("x", { id: "bad" });
      await settled();
      await clock.advance(1_000);
      await settled();
      expect(completed).toHaveLength(2);
      expect(worker.status.unsettled).toBe(0);
      const closing = worker.close().then(() => "closed");
      expect(await Promise.race([closing, settled().then(() => "closing")])).toBe("closed");
    },
  );

  it("keeps the order of a queue when fetched jobs are handed back", async () => {
    const { clock, queue, store } = newRig<number>();
    const seen: number[] = [];
    const hold = gate();
    const first = queue.process(
      async (n) => {
        if (n >= 0) return;
        await hold.promise;
      },
      { deadLetters: store, concurrency: 1 },
    );
    // Fast jobs first, so that the window opens; one slow job then keeps the slot.
    for (let round = 0; round < 4; round++) {
      await queue.enqueueMany(Array.from({ length: 50 }, () => 0));
      await settled();
      await clock.advance(10);
    }
    await queue.enqueueMany([-1, ...Array.from({ length: 20 }, (_, n) => n + 1)]);
    await settled();
    expect(first.status).toMatchObject({ running: 1 });
    expect(first.status.fetched).toBeGreaterThan(10);
    first.pause();
    await settled();
    expect(first.status).toMatchObject({ running: 1, fetched: 0 });
    hold.open();
    await first.close();
    const second = queue.process((n) => void seen.push(n), { deadLetters: store, concurrency: 1 });
    await second.idle();
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    await second.close();
  });
});

describe("a worker's status", () => {
  it("shows that its fetch loop moves, and that it does not when the backend was closed under it", async () => {
    const { clock, backend, queue, store } = newRig();
    const worker = queue.process(() => {}, { deadLetters: store });
    await settled();
    await clock.advance(60_000);
    expect(worker.status.lastFetchAgoMs).toBeLessThanOrEqual(5_000);
    expect(worker.status.backendOutageMs).toBe(0);
    await backend.close();
    await settled();
    await clock.advance(60_000);
    expect(worker.status.lastFetchAgoMs).toBeGreaterThan(50_000);
    expect(worker.status.backendOutageMs).toBeGreaterThan(50_000);
    await worker.idle();
    await worker.close({ deadlineMs: 0 });
  });
});
