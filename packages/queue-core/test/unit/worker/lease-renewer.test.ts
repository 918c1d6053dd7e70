import { ManualClock } from "@chimera/dlq/testing";
import { describe, expect, it } from "vitest";
import type { QueueBackend, Receipt, SettleResult } from "../../../src/protocol.ts";
import { sampleDelivery } from "../../../src/testing/index.ts";
import { ActiveJob } from "../../../src/worker/active-job.ts";
import { LeaseRenewer } from "../../../src/worker/lease-renewer.ts";

const LEASE_MS = 6_000;
/** A sixth of the lease. */
const BEAT_MS = 1_000;

type Answer = (receipts: readonly Receipt[]) => SettleResult[] | Promise<SettleResult[]>;

interface Rig {
  readonly clock: ManualClock;
  readonly renewer: LeaseRenewer;
  readonly held: Set<ActiveJob>;
  /** `<moment> <receipts>` of each call. */
  readonly calls: string[];
  readonly lost: string[];
  readonly errors: unknown[];
  /** The moment of each beat. */
  readonly beats: number[];
  onLost: () => void;
  /** What the backend answers from now on. */
  answer: Answer;
  readonly hold: (name: string, leaseMs?: number) => ActiveJob;
}

function newRig(): Rig {
  const clock = new ManualClock();
  const calls: string[] = [];
  const backend: Pick<QueueBackend, "extend"> = {
    extend: async (receipts) => {
      calls.push(`${clock.monotonic()} ${receipts.length < 5 ? receipts.join(" ") : receipts.length}`);
      return rig.answer(receipts);
    },
  };
  const held = new Set<ActiveJob>();
  const lost: string[] = [];
  const errors: unknown[] = [];
  const beats: number[] = [];
  const renewer = new LeaseRenewer({
    backend: backend as QueueBackend,
    clock,
    leaseMs: LEASE_MS,
    held: () => {
      beats.push(clock.monotonic());
      return held;
    },
    onLost: (job) => {
      lost.push(job.delivery.receipt);
      rig.onLost();
    },
    onError: (error) => errors.push(error),
  });
  const rig: Rig = {
    clock,
    renewer,
    held,
    calls,
    lost,
    errors,
    beats,
    onLost: () => {},
    answer: (receipts) => receipts.map(() => "ok"),
    hold: (name, leaseMs = LEASE_MS) => {
      const delivery = sampleDelivery({ receipt: name as Receipt });
      const job = new ActiveJob(delivery, clock.monotonic(), leaseMs, async () => false);
      held.add(job);
      renewer.watch();
      return job;
    },
  };
  return rig;
}

describe("the heartbeat", () => {
  it("extends a lease when no more than two thirds of it are left, and counts from the call", async () => {
    const { clock, calls, hold } = newRig();
    const job = hold("a");
    await clock.advance(2 * BEAT_MS - 1);
    expect(calls).toEqual([]);
    await clock.advance(1);
    expect(calls).toEqual(["2000 a"]);
    expect(job.leaseUntil).toBe(2_000 + LEASE_MS);
    await clock.advance(4 * BEAT_MS);
    expect(calls).toEqual(["2000 a", "4000 a", "6000 a"]);
  });

  it("leaves leases alone that have more than that", async () => {
    const { clock, calls, hold } = newRig();
    hold("old");
    await clock.advance(BEAT_MS);
    hold("new");
    await clock.advance(BEAT_MS);
    expect(calls).toEqual(["2000 old"]);
  });

  it("is one timer, however often it is asked for, and none once nothing is held", async () => {
    const { clock, renewer, held, hold } = newRig();
    hold("a");
    renewer.watch();
    expect(clock.pendingCount).toBe(1);
    held.clear();
    await clock.advance(BEAT_MS);
    expect(clock.pendingCount).toBe(0);
    hold("b");
    expect(clock.pendingCount).toBe(1);
  });

  it("keeps no process alive", async () => {
    const { clock, hold } = newRig();
    const schedule = clock.schedule.bind(clock);
    const inBackground: (boolean | undefined)[] = [];
    clock.schedule = (callback, delayMs, background?: boolean) => {
      inBackground.push(background);
      return schedule(callback, delayMs);
    };
    hold("a");
    await clock.advance(BEAT_MS);
    expect(inBackground).toEqual([true, true]);
  });

  it("is over when it is stopped, for good", async () => {
    const { clock, renewer, calls, hold } = newRig();
    hold("a");
    renewer.stop();
    expect(clock.pendingCount).toBe(0);
    renewer.watch();
    expect(clock.pendingCount).toBe(0);
    await clock.advance(LEASE_MS);
    expect(calls).toEqual([]);
  });

  it("stays over when a lost lease stops it in the middle of a beat", async () => {
    const rig = newRig();
    rig.onLost = () => rig.renewer.stop();
    rig.hold("short", BEAT_MS);
    rig.hold("long");
    await rig.clock.advance(BEAT_MS);
    expect(rig.lost).toEqual(["short"]);
    expect(rig.clock.pendingCount).toBe(0);
  });

  it("beats six times a lease", async () => {
    const { clock, beats, hold } = newRig();
    hold("a");
    await clock.advance(LEASE_MS);
    expect(beats).toEqual([1_000, 2_000, 3_000, 4_000, 5_000, 6_000]);
  });

  it("beats once a millisecond at the most, however little of a lease is left", async () => {
    const rig = newRig();
    rig.answer = () => ["stale"];
    await rig.clock.advance(0.75);
    rig.hold("a", BEAT_MS + 1).ended = true;
    await rig.clock.advance(LEASE_MS);
    expect(rig.beats).toEqual([1_000.75, 1_001.75]);
  });

  it("gives a lease up at its end by the worker's clock when no call gets through", async () => {
    const rig = newRig();
    rig.answer = () => {
      throw new Error("away");
    };
    const job = rig.hold("a", BEAT_MS + 300);
    await rig.clock.advance(BEAT_MS + 299);
    expect([rig.lost, job.lost]).toEqual([[], false]);
    await rig.clock.advance(1);
    expect([rig.lost, job.lost]).toEqual([["a"], true]);
    await rig.clock.advance(LEASE_MS);
    expect(rig.lost).toEqual(["a"]);
    expect(rig.clock.pendingCount).toBe(0);
  });

  it("tries again at the next beat after an error, which it tells", async () => {
    const rig = newRig();
    const away = new Error("away");
    rig.answer = () => {
      throw away;
    };
    rig.hold("a");
    await rig.clock.advance(2 * BEAT_MS);
    expect(rig.errors).toEqual([away]);
    rig.answer = () => ["ok"];
    await rig.clock.advance(BEAT_MS);
    expect(rig.calls).toEqual(["2000 a", "3000 a"]);
    expect(rig.errors).toHaveLength(1);
  });

  it("sends nothing while an earlier call has no answer", async () => {
    const rig = newRig();
    let answer: (results: SettleResult[]) => void = () => {};
    rig.answer = async () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const job = rig.hold("a");
    await rig.clock.advance(4 * BEAT_MS);
    expect(rig.calls).toEqual(["2000 a"]);
    answer(["ok"]);
    await rig.clock.advance(0);
    expect(job.leaseUntil).toBe(2_000 + LEASE_MS);
    await rig.clock.advance(BEAT_MS);
    expect(rig.calls).toEqual(["2000 a", "5000 a"]);
  });

  it.each([
    [250, ["2000 250"]],
    [501, ["2000 250", "2000 250", "2000 job-500"]],
  ])(
    "carries at most 250 leases in one call: %d in no more calls than that takes",
    async (count, expected) => {
      const { clock, calls, held, hold } = newRig();
      for (let job = 0; job < count; job++) hold(`job-${job}`);
      await clock.advance(2 * BEAT_MS);
      expect(calls).toEqual(expected);
      expect([...held].every(({ leaseUntil }) => leaseUntil === 2_000 + LEASE_MS)).toBe(true);
    },
  );

  it("takes the backend's word that a lease is lost, once, unless its job has ended", async () => {
    const rig = newRig();
    rig.answer = (receipts) => receipts.map(() => "stale");
    const job = rig.hold("a");
    const ended = rig.hold("ended");
    ended.ended = true;
    await rig.clock.advance(2 * BEAT_MS);
    expect([rig.lost, job.lost, ended.lost]).toEqual([["a"], true, false]);
    expect(job.leaseUntil).toBe(LEASE_MS);
    rig.held.delete(ended);
    await rig.clock.advance(LEASE_MS);
    expect(rig.lost).toEqual(["a"]);
    expect(rig.calls).toEqual(["2000 a ended"]);
  });

  it("takes an answer that is unknown for none", async () => {
    const rig = newRig();
    rig.answer = () => [{ status: "unknown", error: new Error("away") }];
    const job = rig.hold("a");
    await rig.clock.advance(2 * BEAT_MS);
    expect([rig.lost, job.lost, job.leaseUntil]).toEqual([[], false, LEASE_MS]);
  });
});

describe("extending one lease", () => {
  it("counts from the moment of the call, not of its answer", async () => {
    const rig = newRig();
    rig.answer = async () => {
      await rig.clock.advance(500);
      return ["ok"];
    };
    const job = rig.hold("a");
    await expect(rig.renewer.extend(job, 20_000)).resolves.toBe(true);
    expect(job.leaseUntil).toBe(20_000);
  });

  it("brings the next beat forward for less than there was, and leaves it where it is for more", async () => {
    const { clock, renewer, beats, calls, hold } = newRig();
    const job = hold("a");
    await renewer.extend(job, 600);
    await renewer.extend(job, 20_000);
    expect(clock.pendingCount).toBe(1);
    await clock.advance(600);
    expect(beats).toEqual([200]);
    expect(calls).toEqual(["0 a", "0 a"]);
    expect(job.leaseUntil).toBe(20_000);
  });

  it.each(["ended", "lost"] as const)("asks nobody for a job that is %s", async (how) => {
    const { renewer, calls, hold } = newRig();
    const job = hold("a");
    job[how] = true;
    await expect(renewer.extend(job, 20_000)).resolves.toBe(false);
    expect(calls).toEqual([]);
  });

  it("answers false when the job is somebody else's by now, and tells it", async () => {
    const rig = newRig();
    rig.answer = () => ["stale"];
    const job = rig.hold("a");
    await expect(rig.renewer.extend(job, 20_000)).resolves.toBe(false);
    expect([rig.lost, job.lost, job.leaseUntil]).toEqual([["a"], true, LEASE_MS]);
  });

  it("throws the error of an answer that is unknown", async () => {
    const rig = newRig();
    const error = new Error("away");
    rig.answer = () => [{ status: "unknown", error }];
    const job = rig.hold("a");
    await expect(rig.renewer.extend(job, 20_000)).rejects.toBe(error);
    expect([rig.lost, job.leaseUntil]).toEqual([[], LEASE_MS]);
  });
});
