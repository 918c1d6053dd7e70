import { describe, expect, it } from "vitest";
import type { ChangeLog } from "../../../src/local/change-log.ts";
import { JobRecord } from "../../../src/local/job-record.ts";
import { JobStore } from "../../../src/local/job-store.ts";
import { termsOf } from "../../../src/local/job-terms.ts";
import type { NewJob, Receipt } from "../../../src/protocol.ts";

const EPOCH_MS = 1_700_000_000_000;
const LEASE_MS = 1_000;

function newStore(changeLog?: ChangeLog): JobStore {
  return new JobStore({ maxDepth: Infinity, receiptPrefix: "random.", epochMs: EPOCH_MS, changeLog });
}

/** What a journal is told. It looks at a job when it writes, after the step: so does `told`. */
function newLog(): ChangeLog & { told: () => string[] } {
  const notes: (() => string)[] = [];
  return {
    told: () => notes.splice(0).map((note) => note()),
    jobChanged: (record) =>
      void notes.push(() => (record.mark === undefined ? "unmarked" : `${record.id} ${record.state}`)),
    keyTaken: ({ key, jobId }) => void notes.push(() => `${key} of ${jobId}`),
    pauseChanged: () => void notes.push(() => "pause"),
  };
}

const jobOf = (id: string, options: Partial<NewJob> = {}): NewJob => ({ id, body: "{}", ...options });

describe("a store of jobs", () => {
  it("knows jobs that were fresh by their ids all the same, and forgets each once", () => {
    const store = newStore();
    for (const id of ["a", "b", "c"]) store.enqueue(jobOf(id), 0, true);
    store.enqueue(jobOf("d", { delayMs: 10 }), 0, true);
    const [held] = store.deliver(1, LEASE_MS, 0);
    expect(held?.job.id).toBe("a");
    expect(store.jobs.size).toBe(4);
    expect(["a", "b", "d", "b"].map((id) => store.cancel(id))).toEqual([true, true, true, false]);
    store.enqueue(jobOf("e"), 0, true);
    expect(["c", "e", "e"].map((id) => store.cancel(id))).toEqual([true, true, false]);
    expect(store.jobs.size).toBe(0);
    expect(store.counters).toMatchObject({ enqueued: 5, cancelled: 5 });
  });

  it("keeps an index only while somebody has asked for a job by its id", () => {
    const store = newStore();
    const indexed = (): boolean => store.ready.head()?.hash !== 0;
    store.enqueue(jobOf("a"), 0, true);
    expect(indexed()).toBe(false);
    const [delivery] = store.deliver(1, LEASE_MS, 0);
    expect(store.settle({ receipt: delivery?.receipt as Receipt, outcome: "done" }, 0)).toBe("ok");
    store.enqueue(jobOf("b"), 0, true);
    expect(store.cancel("other")).toBe(false);
    expect(indexed()).toBe(true);
    store.cancel("b");
    store.enqueue(jobOf("c"), 0, true);
    expect(indexed()).toBe(false);
    expect(store.jobs.size).toBe(1);
  });

  it("keeps an index all the time for a journal", () => {
    const store = newStore(newLog());
    for (const id of ["a", "b"]) {
      store.enqueue(jobOf(id), 0, true);
      expect(store.ready.head()?.hash).not.toBe(0);
      store.cancel(id);
    }
  });

  it("hands a job out until its time is over, and counts it as expired then", () => {
    const store = newStore();
    for (const id of ["a", "b"]) store.enqueue(jobOf(id, { expiresInMs: 10 }), 0);
    expect(store.deliver(1, LEASE_MS, 9.9).map(({ job }) => job.id)).toEqual(["a"]);
    expect(store.deliver(1, LEASE_MS, 10)).toEqual([]);
    expect(store.counters.expired).toBe(1);
    expect(store.jobs.size).toBe(1);
  });

  it.each([
    { due: 249, rest: 0, more: false },
    { due: 250, rest: 0, more: true },
    { due: 600, rest: 350, more: true },
  ])("promotes and reclaims 250 of $due at most in one pass, and tells of more", ({ due, rest, more }) => {
    const promoting = newStore();
    for (let job = 0; job < due; job++) promoting.enqueue(jobOf(`${job}`, { delayMs: 10 }), 0, true);
    expect(promoting.refresh(10)).toBe(more);
    expect([promoting.delayed.size, promoting.ready.size]).toEqual([rest, due - rest]);

    const reclaiming = newStore();
    for (let job = 0; job < due; job++) reclaiming.enqueue(jobOf(`${job}`), 0, true);
    reclaiming.deliver(due, LEASE_MS, 0);
    expect(reclaiming.refresh(LEASE_MS)).toBe(more);
    expect([reclaiming.leases.size, reclaiming.ready.size]).toEqual([rest, due - rest]);
  });

  it("takes no key for a job that has none", () => {
    const store = newStore();
    store.enqueue(jobOf("a"), 0);
    expect(store.dedup.size).toBe(0);
    expect(store.enqueue(jobOf("b", { dedupKey: "key" }), 0)).toEqual({ status: "enqueued", id: "b" });
    expect(store.enqueue(jobOf("c", { dedupKey: "key" }), 0)).toEqual({ status: "duplicate", id: "b" });
  });

  it("marks jobs for a journal, and only then", () => {
    const plain = newStore();
    plain.enqueue(jobOf("a"), 0);
    expect(plain.ready.head()?.mark).toBeUndefined();
    const log = newLog();
    const store = newStore(log);
    store.enqueue(jobOf("a"), 0, true);
    expect(store.ready.head()?.mark).toMatchObject({ journalId: 0, segment: 0, dirty: false });
    expect(store.jobs.get("a")).toBe(store.ready.head());
  });

  it("tells a journal of every step of a job", () => {
    const log = newLog();
    const store = newStore(log);
    const steps = (run: () => void): string[] => {
      run();
      return log.told();
    };
    const deliver = (nowMs: number): Receipt => store.deliver(1, LEASE_MS, nowMs)[0]?.receipt as Receipt;
    let receipt = "" as Receipt;
    expect(steps(() => store.enqueue(jobOf("a", { dedupKey: "k", dedupTtlMs: 5 }), 0))).toEqual([
      "k of a",
      "a ready",
    ]);
    expect(steps(() => (receipt = deliver(0)))).toEqual(["a in-flight"]);
    expect(steps(() => store.settle({ receipt, outcome: "release" }, 0))).toEqual(["a ready"]);
    expect(steps(() => (receipt = deliver(0)))).toEqual(["a in-flight"]);
    expect(steps(() => store.settle({ receipt, outcome: "retry", delayMs: 10 }, 0))).toEqual(["a delayed"]);
    expect(steps(() => store.refresh(10))).toEqual(["a ready"]);
    expect(steps(() => deliver(10))).toEqual(["a in-flight"]);
    expect(steps(() => store.refresh(10 + LEASE_MS))).toEqual(["a ready"]);
    expect(steps(() => (receipt = deliver(2_000)))).toEqual(["a in-flight"]);
    expect(steps(() => store.settle({ receipt, outcome: "done" }, 2_000))).toEqual(["a gone"]);
    expect(steps(() => store.enqueue(jobOf("b", { delayMs: 10, dedupKey: "k" }), 2_000))).toEqual([
      "b delayed",
    ]);
    expect(steps(() => store.runNow("b", 2_000))).toEqual(["b ready"]);
    expect(steps(() => store.cancel("b"))).toEqual(["b gone"]);
    expect(steps(() => store.pause(true))).toEqual(["pause"]);
  });

  it("tells moments since the epoch, in whole milliseconds", () => {
    const store = newStore();
    store.enqueue(jobOf("a"), 10.7);
    const [first] = store.deliver(1, LEASE_MS, 20.2);
    expect(first).toMatchObject({ enqueuedAt: EPOCH_MS + 10, leaseUntil: EPOCH_MS + 21 + LEASE_MS });
    const receipt = first?.receipt as Receipt;
    store.settle({ receipt, outcome: "retry", delayMs: 0, error: "first" }, 30.9);
    const [second] = store.deliver(1, LEASE_MS, 31);
    expect(second?.errors).toEqual([{ at: EPOCH_MS + 30, message: "first" }]);
  });

  it("remembers the last five errors; a failure without one counts and leaves none", () => {
    const store = newStore();
    store.enqueue(jobOf("a"), 0);
    const fail = (error?: string): void => {
      const [delivery] = store.deliver(1, LEASE_MS, 0);
      const receipt = delivery?.receipt as Receipt;
      store.settle({ receipt, outcome: "retry", delayMs: 0, ...(error !== undefined && { error }) }, 0);
    };
    fail();
    for (const error of ["1", "2", "3", "4", "5", "6"]) fail(error);
    fail();
    const [delivery] = store.deliver(1, LEASE_MS, 0);
    expect(delivery?.failures).toBe(8);
    expect(delivery?.errors.map(({ message }) => message)).toEqual(["2", "3", "4", "5", "6"]);
    expect(store.counters).toMatchObject({ failed: 8, retried: 8 });
  });

  it("reclaims what an earlier process held at once, in the order of the hand-outs", () => {
    const store = newStore();
    const held = ["a", "b", "c"].map(
      (id) => new JobRecord(id, "{}", termsOf(jobOf(id), undefined, 0), 0, undefined),
    );
    for (const record of held) store.restoreLease(record);
    store.enqueue(jobOf("later"), 0, true);
    expect(store.nextDueAt()).toBe(0);
    expect(store.refresh(0)).toBe(false);
    expect(store.counters.reclaimed).toBe(3);
    expect(store.deliver(10, LEASE_MS, 0).map(({ job }) => job.id)).toEqual(["a", "b", "c", "later"]);
  });

  it("goes on with fences and delays where an earlier process stopped", () => {
    const store = newStore();
    store.continueFrom({ fenceBase: 100, lastDelay: 5 });
    const earlier = new JobRecord("earlier", "{}", termsOf(jobOf("earlier"), undefined, 0), 0, undefined);
    Object.assign(earlier, { state: "delayed", at: 10, order: 5 });
    store.delayed.push(earlier);
    store.enqueue(jobOf("later", { delayMs: 10 }), 0, true);
    store.refresh(10);
    const deliveries = store.deliver(10, LEASE_MS, 10);
    expect(deliveries.map(({ job, fence }) => [job.id, fence])).toEqual([
      ["earlier", 101],
      ["later", 102],
    ]);
  });
});
