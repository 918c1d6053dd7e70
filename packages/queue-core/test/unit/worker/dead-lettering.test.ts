import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LocalBackend, Queue, Unrecoverable } from "../../../src/index.ts";
import { ManualClock } from "@chimera/dlq/testing";
import { silentLogger } from "@chimera/dlq";
import { RecordingStore } from "../../support/recording-store.ts";
import { gate, newRig, settled } from "../../support/worker-rig.ts";

const fatal = (): never => {
  throw new Unrecoverable("no way");
};

describe("dead-lettering", () => {
  it("proves the lease, stores the letter, and only then forgets the job", async () => {
    const { backend, queue, store } = newRig();
    const order: string[] = [];
    store.onAppend = () => {
      order.push(...backend.calls.filter((call) => !call.startsWith("dequeue")), "append");
    };
    const worker = queue.process(fatal, { deadLetters: store });
    await queue.enqueue("x");
    await settled();
    expect(order).toEqual(["enqueue 1", "extend 1", "append"]);
    expect(backend.settlements).toMatchObject([{ outcome: "dead" }]);
    expect(await queue.metrics()).toMatchObject({ deadLettered: 1, inFlight: 0 });
    await worker.close();
  });

  it("stores no letter for a job that somebody else has", async () => {
    const { clock, backend, queue, store } = newRig();
    const lost: string[] = [];
    const worker = queue.process(
      async () => {
        backend.away.add("extend").add("dequeue");
        await clock.advance(2_000);
        backend.away.clear();
        await queue.dequeue();
        throw new Unrecoverable("too late");
      },
      { deadLetters: store, leaseMs: 1_000 },
    );
    worker.on("leaseLost", ({ job }) => lost.push(job.id));
    await queue.enqueue("x", { id: "job" });
    await settled(40);
    expect(store.calls).toEqual([]);
    expect(lost).toEqual(["job"]);
    await worker.close();
  });

  it("withdraws the letter of a job that was taken away while it was stored", async () => {
    const { queue, store } = newRig();
    const worker = queue.process(fatal, { deadLetters: store });
    store.onAppend = async () => void (await queue.admin?.cancel(["job"]));
    await queue.enqueue("x", { id: "job" });
    await settled();
    expect(store.calls).toEqual(["append 1", "withdraw 1"]);
    expect(store.all).toEqual([]);
    await worker.close();
  });

  it("keeps a letter whose job may have been dead-lettered by another consumer meanwhile", async () => {
    const { clock, backend, queue, store } = newRig();
    const worker = queue.process(fatal, { deadLetters: store, leaseMs: 1_000 });
    // This process stands still while the letter is stored; another one takes over and comes to the same end.
    store.onAppend = async () => {
      backend.away.add("extend").add("dequeue");
      await clock.advance(2_000);
      backend.away.clear();
      const [other] = await queue.dequeue();
      const letter = other?.toDeadLetter("unrecoverable", { message: "the other's" });
      if (letter !== undefined) store.letters.set(letter.id, letter);
      await other?.dead();
    };
    await queue.enqueue("x");
    await settled(40);
    expect(store.calls).toEqual(["append 1"]);
    expect(store.all).toMatchObject([{ reason: "unrecoverable" }]);
    expect(await queue.metrics()).toMatchObject({ deadLettered: 1, inFlight: 0, depth: 0 });
    await worker.close();
  });

  it("tries the job again later when the store fails, says so, and loses nothing", async () => {
    const { clock, queue, store } = newRig();
    let runs = 0;
    const worker = queue.process(
      () => {
        runs++;
        throw new Error("a bug");
      },
      { deadLetters: store, retry: { maxAttempts: 1 } },
    );
    store.failNext = new Error("disk full");
    await queue.enqueue("x");
    await settled();
    expect(worker.status.deadLettersFailing).toBe(true);
    expect(await queue.metrics()).toMatchObject({ delayed: 1, deadLettered: 0 });
    await clock.advance(1_000);
    await settled();
    // Its attempts were used up: it is not run again, only given up again.
    expect(runs).toBe(1);
    expect(worker.status.deadLettersFailing).toBe(false);
    expect(store.all).toMatchObject([{ reason: "exhausted", attempts: 1 }]);
    expect(store.all[0]?.message).toContain("a bug");
    expect(await queue.metrics()).toMatchObject({ deadLettered: 1, delayed: 0 });
    await worker.close();
  });

  it("hands its jobs back, as if the store had failed, when the worker closes before the store answers", async () => {
    const { clock, backend, queue, store } = newRig();
    const answer = gate();
    store.onAppend = async () => answer.promise;
    const worker = queue.process(
      () => {
        throw new Error("a bug");
      },
      { deadLetters: store, retry: { maxAttempts: 1 } },
    );
    await queue.enqueue("being stored");
    await settled();
    await queue.enqueue("waiting");
    await settled();
    const closing = worker.close({ deadlineMs: 1_000 });
    await settled();
    await clock.advance(1_000);
    await closing;
    expect(await queue.metrics()).toMatchObject({ delayed: 2, failed: 2, inFlight: 0 });
    answer.open();
    await settled();
    expect(backend.settlements.map(({ outcome }) => outcome)).toEqual(["retry", "retry"]);
    expect(worker.status.unsettled).toBe(0);
    expect(store.all).toHaveLength(1);
  });

  it("is not stopped by a delivery of which no letter can be made", async () => {
    const { backend, queue, store } = newRig();
    backend.distort = (delivery) =>
      delivery.job.id === "bad" ? { ...delivery, enqueuedAt: Number.NaN } : delivery;
    const worker = queue.process(fatal, { deadLetters: store });
    await queue.enqueue("x", { id: "bad" });
    await settled();
    expect(worker.status.deadLettersFailing).toBe(true);
    await queue.enqueue("x", { id: "good" });
    await settled();
    expect(store.all.map(({ id }) => id)).toEqual([expect.stringContaining("good")]);
    expect(await queue.metrics()).toMatchObject({ delayed: 1, deadLettered: 1, inFlight: 0 });
    await worker.close();
  });

  it("gives up a job that was delivered too often without running it", async () => {
    const { queue, store } = newRig();
    await queue.enqueue("killer", { maxDeliveries: 1 });
    const [crashed] = await queue.dequeue();
    await crashed?.retry(0, { counts: false });
    let runs = 0;
    const worker = queue.process(() => void runs++, { deadLetters: store });
    await settled();
    expect(runs).toBe(0);
    expect(store.all).toMatchObject([{ reason: "poison", attempts: 0 }]);
    await worker.close();
  });

  it("gives up a body that cannot be decoded, or fails the schema, as invalid and without a retry", async () => {
    const clock = new ManualClock();
    const backend = new LocalBackend("jobs", { clock });
    const queue = new Queue(backend, { clock, logger: silentLogger, schema: z.object({ n: z.number() }) });
    const store = new RecordingStore();
    await backend.enqueue([
      { id: "not-json", body: "{" },
      { id: "not-matching", body: '{"n":"one"}' },
      { id: "good", body: '{"n":1}' },
    ]);
    const seen: number[] = [];
    const worker = queue.process(({ n }) => void seen.push(n), { deadLetters: store });
    await settled();
    expect(seen).toEqual([1]);
    expect(store.all).toMatchObject([
      { reason: "invalid", payload: "{", encoding: "text", code: "QUEUE_PAYLOAD_INVALID" },
      {
        reason: "invalid",
        payload: '{"n":"one"}',
        encoding: "json",
      },
    ]);
    expect(store.all[1]?.message).toMatch(/n: .*number/);
    expect(await queue.metrics()).toMatchObject({ processed: 1, deadLettered: 2, retried: 0 });
    await worker.close();
  });

  it("shows no secret of an error", async () => {
    const { queue, store } = newRig();
    const worker = queue.process(
      () => {
        throw new Unrecoverable("cannot reach postgres://app:hunter2@db/prod");
      },
      { deadLetters: store },
    );
    await queue.enqueue("x");
    await settled();
    expect(JSON.stringify(store.all)).not.toContain("hunter2");
    await worker.close();
  });
});
