import { describe, expect, it, test } from "vitest";
import { LocalBackend, Queue } from "../../../src/index.ts";
import { RecordingStore } from "../../support/recording-store.ts";
import { gate, newRig, settled } from "../../support/worker-rig.ts";

const plain = { jitter: "none" } as const;

describe("a handler that", () => {
  it("throws synchronously has failed once, and its job is tried again", async () => {
    const { clock, queue, store } = newRig();
    let runs = 0;
    queue.process(
      () => {
        if (++runs === 1) throw new Error("at once");
      },
      { deadLetters: store, retry: plain },
    );
    await queue.enqueue("x");
    await settled();
    expect(runs).toBe(1);
    expect(await queue.metrics()).toMatchObject({ failed: 1, retried: 1, delayed: 1 });
    await clock.advance(100);
    await settled();
    expect(await queue.metrics()).toMatchObject({ processed: 1, inFlight: 0 });
    expect(store.all).toEqual([]);
  });

  it("never resolves fails by its time-out, frees its slot, and ends in the dead letters", async () => {
    const { clock, queue, store } = newRig();
    const aborted: unknown[] = [];
    const worker = queue.process(
      async (_, { signal }) => {
        signal.addEventListener("abort", () => aborted.push(signal.reason));
        await new Promise(() => {});
      },
      { deadLetters: store, concurrency: 1, timeoutMs: 1_000, retry: { ...plain, maxAttempts: 2 } },
    );
    await queue.enqueue("x");
    await settled();
    expect(worker.status.running).toBe(1);
    await clock.advance(1_000);
    await settled();
    expect(worker.status.running).toBe(0);
    await clock.advance(1_100);
    await settled();
    expect(aborted).toMatchObject([{ code: "JOB_TIMED_OUT" }, { code: "JOB_TIMED_OUT" }]);
    expect(store.all).toMatchObject([{ reason: "exhausted", attempts: 2, code: "JOB_TIMED_OUT" }]);
    expect(await queue.metrics()).toMatchObject({ deadLettered: 1, inFlight: 0, depth: 0 });
  });

  it("resolves after its time-out is ignored: the attempt has failed, the next one counts", async () => {
    const { clock, backend, queue, store } = newRig();
    const late = gate();
    let runs = 0;
    const completed: string[] = [];
    const worker = queue.process(
      async () => {
        if (++runs === 1) await late.promise;
      },
      { deadLetters: store, timeoutMs: 50, retry: plain },
    );
    worker.on("completed", ({ job }) => completed.push(`${job.id} ${job.deliveryCount}`));
    await queue.enqueue("x", { id: "job" });
    await settled();
    await clock.advance(50);
    late.open();
    await settled();
    expect(completed).toEqual([]);
    await clock.advance(100);
    await settled();
    expect(completed).toEqual(["job 2"]);
    expect(backend.settlements.map(({ outcome }) => outcome)).toEqual(["retry", "done"]);
  });

  test.each([
    [undefined, "undefined"],
    ["just text", "just text"],
    [{ why: "an object" }, '{"why":"an object"}'],
    [null, "null"],
  ])("rejects with %j has failed like any other", async (reason, message) => {
    const { queue, store } = newRig();
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what is tested
    queue.process(async () => Promise.reject(reason), {
      deadLetters: store,
      retry: { ...plain, maxAttempts: 1 },
    });
    await queue.enqueue("x");
    await settled();
    expect(store.all).toMatchObject([{ reason: "exhausted", message, attempts: 1 }]);
  });

  it.each([
    ["has no message", Object.defineProperty(new Error("x"), "message", { value: undefined }), "undefined"],
    [
      "has an object for a message",
      Object.assign(new Error("x"), { message: { status: 500 } }),
      '{"status":500}',
    ],
    [
      "tells nothing of itself",
      new Proxy(new Error("x"), {
        get: () => {
          throw new Error("private");
        },
      }),
      "What was thrown cannot be read",
    ],
  ])("throws what %s has failed like any other, and keeps its slot", async (_, thrown, message) => {
    const { queue, store } = newRig<number>();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const worker = queue.process(
      async (n) => {
        if (n === 1) throw thrown;
      },
      { deadLetters: store, concurrency: 1, retry: { ...plain, maxAttempts: 1 } },
    );
    // A listener may throw it as well.
    worker.on("completed", () => {
      throw thrown;
    });
    await queue.enqueueMany([1, 2]);
    await settled();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    expect(store.all).toMatchObject([{ reason: "exhausted", message, attempts: 1 }]);
    expect(await queue.metrics()).toMatchObject({ processed: 1, deadLettered: 1, inFlight: 0 });
    await worker.close();
  });

  it("returns a thenable that is no promise is waited for", async () => {
    const { queue, store } = newRig();
    queue.process(
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested
      () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error("thenable")) }),
      { deadLetters: store, retry: { ...plain, maxAttempts: 1 } },
    );
    await queue.enqueue("x");
    await settled();
    expect(store.all).toMatchObject([{ message: "thenable" }]);
  });

  it("blocks the event loop past its lease is believed when nobody else was given the job", async () => {
    const store = new RecordingStore();
    const backend = new LocalBackend("blocking");
    const queue = new Queue<string>(backend);
    const lost: string[] = [];
    let runs = 0;
    const worker = queue.process(
      () => {
        runs++;
        const until = performance.now() + 250;
        while (performance.now() < until);
      },
      { deadLetters: store, leaseMs: 100 },
    );
    worker.on("leaseLost", ({ job }) => lost.push(job.id));
    await queue.enqueue("x");
    await worker.idle();
    expect(runs).toBe(1);
    expect(lost).toEqual([]);
    expect(await queue.metrics()).toMatchObject({ processed: 1, reclaimed: 0, inFlight: 0 });
    await queue.close();
  });

  it("keeps its job past its lease is not believed when another consumer has it", async () => {
    const { clock, backend, queue, store } = newRig();
    const work = gate();
    const lost: string[] = [];
    const aborted: unknown[] = [];
    const worker = queue.process(
      async (_, { signal }) => {
        signal.addEventListener("abort", () => aborted.push(signal.reason));
        await work.promise;
      },
      { deadLetters: store, leaseMs: 1_000 },
    );
    worker.on("leaseLost", ({ job }) => lost.push(job.id));
    await queue.enqueue("x", { id: "job" });
    await settled();
    // As if the process had been stopped: no heartbeat gets through, and no fetch.
    backend.away.add("extend").add("dequeue");
    await clock.advance(1_000);
    expect(aborted).toMatchObject([{ code: "JOB_LEASE_LOST" }]);
    backend.away.clear();
    await clock.advance(1);
    const [other] = await queue.dequeue();
    expect(other).toMatchObject({ id: "job", deliveryCount: 2, failures: 0 });
    work.open();
    await settled();
    expect(await other?.done()).toBe("ok");
    expect(lost).toEqual(["job"]);
    expect(await queue.metrics()).toMatchObject({ processed: 1, reclaimed: 1 });
  });
});
