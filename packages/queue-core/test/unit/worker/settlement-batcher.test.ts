import { describe, expect, it } from "vitest";
import type { Receipt, Settlement, SettleResult } from "../../../src/protocol.ts";
import { sampleDelivery } from "../../../src/testing/index.ts";
import { ActiveJob } from "../../../src/worker/active-job.ts";
import { SettlementBatcher, type SettlementBatch } from "../../../src/worker/settlement-batcher.ts";

const LEASE_MS = 1_000;
const GRACE_MS = 500;
const UNKNOWN: SettleResult = { status: "unknown", error: new Error("away") };

function newRig(): { batcher: SettlementBatcher; told: string[]; add: (...names: string[]) => void } {
  const told: string[] = [];
  const note =
    (what: string) =>
    (job: ActiveJob, settlement: Settlement): void => {
      // Both or neither: a settlement must never be told of another job.
      told.push(`${what} ${job.id === settlement.receipt ? job.id : "mixed up"}`);
    };
  const listener = { settled: note("settled"), stale: note("stale"), abandoned: note("abandoned") };
  const batcher = new SettlementBatcher(listener, GRACE_MS);
  const add = (...names: string[]): void => {
    for (const name of names) {
      const receipt = name as Receipt;
      const delivery = sampleDelivery({
        receipt,
        job: { id: name, body: "", headers: {}, priority: "normal" },
      });
      const job = new ActiveJob(delivery, 0, LEASE_MS, async () => false);
      batcher.add(job, { receipt, outcome: "done" });
    }
  };
  return { batcher, told, add };
}

function receiptsOf(batch: SettlementBatch | undefined): string[] | undefined {
  expect(batch?.jobs.map(({ id }) => id)).toEqual(batch?.settlements.map(({ receipt }) => receipt));
  return batch?.settlements.map(({ receipt }) => receipt);
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `job-${index}`);

describe("settlements that wait", () => {
  it("travel together, in order, and once", () => {
    const { batcher, add } = newRig();
    expect(batcher.take()).toBeUndefined();
    expect(batcher.open).toBe(0);
    add("a", "b");
    expect(receiptsOf(batcher.take())).toEqual(["a", "b"]);
    expect(batcher.take()).toBeUndefined();
  });

  it("go 250 to a call, the oldest first", () => {
    const { batcher, add } = newRig();
    add(...numbered(250));
    expect(receiptsOf(batcher.take())).toHaveLength(250);
    add(...numbered(251));
    const first = batcher.take();
    expect(receiptsOf(first)).toEqual(numbered(251).slice(0, 250));
    expect(first?.resends).toBe(0);
    expect(receiptsOf(batcher.take())).toEqual(["job-250"]);
    expect(batcher.take()).toBeUndefined();
  });

  it("are counted as waiting until a call carries them, and as open until it is answered", () => {
    const { batcher, add } = newRig();
    add("a", "b", "c");
    expect([batcher.waiting, batcher.open]).toEqual([3, 3]);
    const batch = batcher.take() as SettlementBatch;
    add("d");
    expect([batcher.waiting, batcher.open]).toEqual([1, 4]);
    batcher.answered(batch, ["ok", UNKNOWN, UNKNOWN], 0);
    expect([batcher.waiting, batcher.open]).toEqual([3, 3]);
  });
});

describe("an answer", () => {
  it("is told of each job: settled, or stale", () => {
    const { batcher, told, add } = newRig();
    add("a", "b", "c");
    batcher.answered(batcher.take() as SettlementBatch, ["ok", "stale", "ok"], 0);
    expect(told).toEqual(["settled a", "stale b", "settled c"]);
    expect(batcher.open).toBe(0);
    expect(batcher.take()).toBeUndefined();
  });

  it("that is unknown is asked for again before anything new, and stale then means settled", () => {
    const { batcher, told, add } = newRig();
    add("a", "b", "c");
    batcher.answered(batcher.take() as SettlementBatch, [UNKNOWN, "ok", UNKNOWN], 0);
    add("d");
    const again = batcher.take() as SettlementBatch;
    expect([receiptsOf(again), again.resends]).toEqual([["a", "c"], 1]);
    batcher.answered(again, ["stale", UNKNOWN], 0);
    const last = batcher.take() as SettlementBatch;
    expect([receiptsOf(last), last.resends]).toEqual([["c"], 2]);
    batcher.answered(last, ["ok"], 0);
    expect(told).toEqual(["settled b", "settled a", "settled c"]);
    expect(receiptsOf(batcher.take())).toEqual(["d"]);
  });

  it("that is missing is unknown", () => {
    const { batcher, told, add } = newRig();
    add("a", "b");
    batcher.answered(batcher.take() as SettlementBatch, ["ok"], 0);
    expect(told).toEqual(["settled a"]);
    expect(receiptsOf(batcher.take())).toEqual(["b"]);
  });
});

describe("a call that failed", () => {
  it("is made again with the same settlements, and stale then means settled", () => {
    const { batcher, told, add } = newRig();
    add("a", "b");
    batcher.failed(batcher.take() as SettlementBatch, 0);
    expect([batcher.waiting, batcher.open]).toEqual([2, 2]);
    const again = batcher.take() as SettlementBatch;
    expect([receiptsOf(again), again.resends]).toEqual([["a", "b"], 1]);
    batcher.answered(again, ["stale", "stale"], 0);
    expect(told).toEqual(["settled a", "settled b"]);
  });

  it("is made again until the grace after the lease is over, and is given up then", () => {
    const { batcher, told, add } = newRig();
    add("a");
    batcher.failed(batcher.take() as SettlementBatch, LEASE_MS + GRACE_MS - 1);
    expect(told).toEqual([]);
    batcher.failed(batcher.take() as SettlementBatch, LEASE_MS + GRACE_MS);
    expect(told).toEqual(["abandoned a"]);
    expect(batcher.open).toBe(0);
    expect(batcher.take()).toBeUndefined();
  });
});
