import fc from "fast-check";
import { expect, test } from "vitest";
import { DelayHeap } from "../../../src/local/delay-heap.ts";
import { TimeHeap, type Timed } from "../../../src/local/time-heap.ts";

const entryOf = (at: number, order: number): Timed => ({ at, order, heapIndex: -1 });
const byTime = (left: Timed, right: Timed): number => left.at - right.at || left.order - right.order;

test("entries come out by time, equal times by order, whatever was removed between", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 200 }), (steps) => {
      const heap = new TimeHeap<Timed>();
      const entries = steps.map(([at], order) => entryOf(at, order));
      for (const entry of entries) heap.push(entry);
      const kept = entries.filter((entry, index) => !(steps[index]?.[1] && heap.remove(entry)));

      const popped: Timed[] = [];
      for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) popped.push(entry);

      expect(popped).toEqual(kept.toSorted(byTime));
      expect(heap.size).toBe(0);
    }),
  );
});

test("an entry that is not inside is not removed", () => {
  const heap = new TimeHeap<Timed>();
  heap.push(entryOf(1, 1));
  expect(heap.remove(entryOf(1, 1))).toBe(false);
  expect(heap.size).toBe(1);
});

test("counting what is due changes neither the order nor the size", () => {
  const heap = new DelayHeap<Timed>();
  for (const at of [30, 10, 20]) heap.push(entryOf(at, at));
  expect(heap.countDue(20)).toBe(2);
  heap.push(entryOf(25, 25));
  expect([heap.size, heap.nextAt()]).toEqual([4, 10]);
  const taken = Array.from({ length: 5 }, () => heap.takeDue(25)?.at);
  expect(taken).toEqual([10, 20, 25, undefined, undefined]);
});

test("an entry that was counted as due can still be removed", () => {
  const heap = new DelayHeap<Timed>();
  const entry = entryOf(10, 1);
  heap.push(entry);
  heap.countDue(10);
  expect(heap.remove(entry)).toBe(true);
  expect([heap.size, heap.countDue(10), heap.nextAt()]).toEqual([0, 0, Infinity]);
});
