import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ManualClock } from "@chimera/dlq/testing";
import { expect, it } from "vitest";
import { DeadlineWatch } from "../../src/deadline-watch.ts";
import { Waiter, WaitLine } from "../../src/wait-line.ts";

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

function rig() {
  const clock = new ManualClock();
  let left = 0;
  const line: WaitLine<string> = new WaitLine<string>(new DeadlineWatch(clock), {
    left: () => void (left += 1),
    lateError: () => new Error(`${line.length} waiting`),
  });
  const wait = async (waitMs = 1_000, signal?: AbortSignal): Promise<string> =>
    line.wait(new Waiter<string>({ deadlineAt: Infinity, signal }, clock.monotonic(), waitMs));
  const hand = (what: string): boolean => {
    const waiter = line.next();
    waiter?.take(what);
    return waiter !== undefined;
  };
  return { clock, line, wait, hand, left: () => left };
}

it("serves in the order of arrival, and says when nobody waits", async () => {
  const { line, wait, hand, left } = rig();
  const waiting = [wait(), wait()];
  expect(line.length).toBe(2);
  expect([hand("a"), hand("b"), hand("c")]).toEqual([true, true, false]);
  expect(await Promise.all(waiting)).toEqual(["a", "b"]);
  expect(left()).toBe(2);
});

it("lets one go at its deadline and at its abort, and the others move up", async () => {
  const { clock, line, wait, hand, left } = rig();
  const controller = new AbortController();
  const reason = new Error("gone");
  const ends = Promise.allSettled([wait(100), wait(1_000, controller.signal), wait()]);
  await clock.advance(100);
  controller.abort(reason);
  hand("a");
  expect(await ends).toEqual([
    { status: "rejected", reason: new Error("3 waiting") },
    { status: "rejected", reason },
    { status: "fulfilled", value: "a" },
  ]);
  expect(line.length).toBe(0);
  expect(left()).toBe(3);
  expect(clock.pendingCount).toBeLessThanOrEqual(1);
});

it("keeps its order and its length over thousands who come, leave and are served", async () => {
  const { line, wait, hand } = rig();
  const served: number[] = [];
  const calls: Promise<unknown>[] = [];
  const expected: number[] = [];
  for (let round = 0; round < 1_000; round++) {
    const controller = new AbortController();
    for (const who of [2 * round, 2 * round + 1]) {
      expected.push(who);
      calls.push(wait().then(() => served.push(who)));
    }
    const leaving = wait(1_000, controller.signal);
    controller.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    if (round % 3 !== 0) hand("x");
  }
  expect(line.length).toBe(2_000 - 666);
  while (hand("x"));
  await Promise.all(calls);
  expect(served).toEqual(expected);
  expect(line.length).toBe(0);
});

it("forgets those who left while nobody was served, and serves the one who stayed", async () => {
  const { clock, line, wait, hand } = rig();
  const stayed = wait(10_000);
  const gone: WeakRef<object>[] = [];
  const late: Promise<unknown>[] = [];
  for (let each = 0; each < 5_000; each++) {
    const waiter = new Waiter<string>({ deadlineAt: Infinity, signal: undefined }, clock.monotonic(), 100);
    gone.push(new WeakRef(waiter));
    late.push(line.wait(waiter).catch(() => {}));
  }
  await clock.advance(100);
  await Promise.all(late);
  expect(line.length).toBe(1);
  collectGarbage();
  // What a WeakRef was made for is kept until the turn ends.
  await setImmediate();
  collectGarbage();
  expect(gone.filter((each) => each.deref() !== undefined).length).toBeLessThan(500);
  expect(hand("a")).toBe(true);
  expect(await stayed).toBe("a");
});

it("sends everybody away", async () => {
  const { line, wait } = rig();
  const ends = Promise.allSettled([wait(), wait()]);
  line.refuseAll(() => new Error("closed"));
  expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(line.length).toBe(0);
});
