import { ManualClock } from "@chimera/dlq/testing";
import { expect, it } from "vitest";
import { DeadlineWatch } from "../../src/deadline-watch.ts";

function rig() {
  const clock = new ManualClock();
  const watch = new DeadlineWatch(clock);
  const over: string[] = [];
  const deadline = (name: string, inMs: number) => {
    const entry = { deadlineAt: clock.monotonic() + inMs, onDeadline: () => void over.push(name) };
    watch.add(entry);
    return entry;
  };
  return { clock, watch, over, deadline };
}

it("tells each deadline once, in time, whatever the order in which they were added", async () => {
  const { clock, over, deadline } = rig();
  deadline("late", 300);
  deadline("soon", 100);
  deadline("between", 200);
  await clock.advance(99);
  expect(over).toEqual([]);
  await clock.advance(1);
  expect(over).toEqual(["soon"]);
  await clock.advance(1_000);
  expect(over).toEqual(["soon", "between", "late"]);
});

it("tells nothing of one that was removed", async () => {
  const { clock, watch, over, deadline } = rig();
  const removed = deadline("removed", 100);
  deadline("kept", 200);
  watch.remove(removed);
  await clock.advance(500);
  expect(over).toEqual(["kept"]);
});

it("needs one timer for any number, and none for what never ends", async () => {
  const { clock, watch, deadline } = rig();
  watch.add({ deadlineAt: Infinity, onDeadline: () => {} });
  expect(clock.pendingCount).toBe(0);
  for (let index = 0; index < 1_000; index++) deadline(`${index}`, 60_000 + index);
  expect(clock.pendingCount).toBe(1);
  await clock.advance(70_000);
  expect(clock.pendingCount).toBe(0);
});

it("hears of one that is added while others are told", async () => {
  const { clock, watch, over } = rig();
  const again = { deadlineAt: 50, onDeadline: () => void over.push("again") };
  watch.add({
    deadlineAt: 10,
    onDeadline: () => {
      over.push("first");
      watch.add(again);
    },
  });
  await clock.advance(100);
  expect(over).toEqual(["first", "again"]);
});
