import { silentLogger } from "@chimera/dlq";
import { ManualClock } from "@chimera/dlq/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LocalBackend, Queue, type ReceivedJob, type Worker } from "../../../src/index.ts";
import { RecordingStore } from "../../support/recording-store.ts";
import { gate, newRig, settled, type Rig } from "../../support/worker-rig.ts";

/** A worker that holds the jobs `first` and `second` (the lane: `first` alone) and has not started them. */
interface Holding {
  readonly started: string[];
  readonly worker: Worker;
  /** Brings the moment at which they would start. */
  readonly startNow: () => Promise<void>;
}

const LEASE_MS = 6_000;

/** Their batch is not full, and waits for longer than their leases last. */
async function gathered({ clock, queue, store }: Rig<string>): Promise<Holding> {
  const started: string[] = [];
  const worker = queue.processBatch((_, jobs) => void started.push(...jobs.map(({ id }) => id)), {
    deadLetters: store,
    maxBatch: 3,
    maxWaitMs: 10_000,
    leaseMs: LEASE_MS,
  });
  await queue.enqueue("x", { id: "first" });
  await queue.enqueue("x", { id: "second" });
  await settled();
  return { started, worker, startNow: async () => clock.advance(10_000) };
}

/** A suspect waits for a job that runs. */
async function inTheLane({ clock, queue, store }: Rig<string>): Promise<Holding> {
  const started: string[] = [];
  const end = gate();
  await queue.enqueue("x", { id: "first" });
  for (let crash = 0; crash < 2; crash++) {
    await queue.dequeue({ leaseMs: 100 });
    await clock.advance(101);
  }
  await queue.enqueue("x", { id: "slow", priority: "high" });
  const worker = queue.process(
    async (_, { id }) => {
      if (id === "slow") await end.promise;
      else started.push(id);
    },
    { deadLetters: store, concurrency: 2, leaseMs: LEASE_MS },
  );
  await settled();
  return {
    started,
    worker,
    startNow: async () => {
      end.open();
      await settled(20);
    },
  };
}

describe.each([
  { place: "in a batch that is being gathered", hold: gathered, others: ["second"] },
  { place: "in the lane of suspects", hold: inTheLane, others: [] },
])("a job that waits $place", ({ hold, others }) => {
  it("is not started once it was cancelled", async () => {
    const rig = newRig();
    const { started, worker, startNow } = await hold(rig);
    expect((await rig.queue.admin?.cancel(["first"]))?.[0]).toBe(true);
    await rig.clock.advance(LEASE_MS / 2);
    await startNow();
    expect(started).toEqual(others);
    await worker.close();
    expect(await rig.queue.metrics()).toMatchObject({ cancelled: 1, depth: 0, inFlight: 0 });
  });

  it("is not started once another consumer has it", async () => {
    const rig = newRig();
    const { started, worker, startNow } = await hold(rig);
    // As if the process had been stopped: no heartbeat gets through, and no fetch.
    rig.backend.away.add("extend").add("dequeue");
    await rig.clock.advance(LEASE_MS + 1);
    rig.backend.away.clear();
    const taken: ReceivedJob<string>[] = [];
    for (;;) {
      const [job] = await rig.queue.dequeue();
      if (job === undefined) break;
      taken.push(job);
    }
    expect(taken.map(({ id }) => id)).toEqual(expect.arrayContaining(["first", ...others]));
    await startNow();
    expect(started).toEqual([]);
    for (const job of taken) expect(await job.done()).toBe("ok");
    await worker.close({ deadlineMs: 0 });
  });

  it("is handed back within a second of a pause of the whole queue", async () => {
    const rig = newRig();
    const { started, worker, startNow } = await hold(rig);
    await rig.queue.admin?.pause();
    await rig.clock.advance(1_000);
    await settled();
    expect(await rig.queue.metrics()).toMatchObject({ depth: 1 + others.length });
    await startNow();
    expect(started).toEqual([]);
    await rig.queue.admin?.resume();
    await rig.clock.advance(20_000);
    await settled(20);
    expect(started.toSorted()).toEqual(["first", ...others]);
    await worker.close();
  });
});

describe.each(["process", "processBatch"] as const)(
  "a job whose schema takes its time, with `%s`",
  (verb) => {
    it("is not started once it was cancelled meanwhile, and keeps no other from starting", async () => {
      const clock = new ManualClock();
      const backend = new LocalBackend("jobs", { clock });
      const checked = gate();
      const schema = z.string().refine(async (text) => {
        if (text === "slow") await checked.promise;
        return true;
      });
      const queue = new Queue(backend, { clock, schema, logger: silentLogger });
      await backend.enqueue(["slow", "fast"].map((text) => ({ id: text, body: JSON.stringify(text) })));
      const started: string[] = [];
      const lost: string[] = [];
      const options = { deadLetters: new RecordingStore(), concurrency: 1, leaseMs: LEASE_MS };
      const worker =
        verb === "process"
          ? queue.process((text) => void started.push(text), options)
          : queue.processBatch((texts) => void started.push(...texts), { ...options, maxWaitMs: 0 });
      worker.on("leaseLost", ({ job }) => lost.push(job.id));
      await settled();
      await backend.admin.cancel(["slow"]);
      await clock.advance(LEASE_MS);
      checked.open();
      await settled();
      await clock.advance(5_000);
      expect({ started, lost }).toEqual({ started: ["fast"], lost: [] });
      expect(worker.status).toMatchObject({ running: 0, unsettled: 0 });
      await queue.close();
      expect(clock.pendingCount).toBe(0);
    });
  },
);
