import { describe, expect, it } from "vitest";
import { sleep, systemClock } from "../../../src/index.ts";
import { ManualClock } from "../../../src/testing/index.ts";

describe("sleep", () => {
  it("ends when its time has come, and not before", async () => {
    const clock = new ManualClock();
    let awake = false;
    const sleeping = sleep(clock, 100).then(() => (awake = true));
    await clock.advance(99);
    expect(awake).toBe(false);
    await clock.advance(1);
    expect(awake).toBe(true);
    await sleeping;
  });

  it("ends with the signal's reason when the signal aborts, and takes its timer back", async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const reason = new Error("shutting down");
    const sleeping = sleep(clock, 100, abort.signal);
    abort.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(clock.pendingCount).toBe(0);
  });

  it("does not begin when the signal has aborted already", async () => {
    const clock = new ManualClock();
    const reason = new Error("gone");
    await expect(sleep(clock, 100, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(clock.pendingCount).toBe(0);
  });
});

describe("systemClock", () => {
  it("calls back, and never goes back", async () => {
    const before = systemClock.monotonic();
    await sleep(systemClock, 1);
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  });

  it("does not call back what was cancelled, however often it is cancelled", async () => {
    let called = false;
    const timer = systemClock.schedule(() => (called = true), 0);
    timer.cancel();
    timer.cancel();
    await sleep(systemClock, 5);
    expect(called).toBe(false);
  });
});

describe("ManualClock", () => {
  it("makes calls in the order in which they fall due, and those of one moment in the order they were asked for", async () => {
    const clock = new ManualClock();
    const calls: string[] = [];
    clock.schedule(() => calls.push("later"), 20);
    clock.schedule(() => calls.push("first"), 10);
    clock.schedule(() => calls.push("second"), 10);
    await clock.advance(20);
    expect(calls).toEqual(["first", "second", "later"]);
  });

  it("makes calls that were asked for by calls, when they fall due in the same advance", async () => {
    const clock = new ManualClock();
    const at: number[] = [];
    clock.schedule(() => clock.schedule(() => at.push(clock.monotonic()), 5), 10);
    await clock.advance(20);
    expect(at).toEqual([15]);
  });

  it("lets the wall clock jump without moving durations", () => {
    const clock = new ManualClock(1_000);
    clock.setWallTime(0);
    expect([clock.now(), clock.monotonic()]).toEqual([0, 0]);
  });
});
