import { expect, test } from "vitest";
import { DedupTable } from "../../../src/local/dedup-table.ts";

test("a key belongs to the job that took it, up to its moment and not at it", () => {
  const table = new DedupTable();
  table.take("key", "first", 10);
  expect(table.holder("key", 9)).toBe("first");
  expect(table.holder("key", 10)).toBeUndefined();
  expect(table.holder("other", 0)).toBeUndefined();
});

test("a key without a moment stays until its job is gone", () => {
  const table = new DedupTable();
  const entry = table.take("key", "first", Infinity);
  table.sweep(1_000_000, 10);
  expect(table.holder("key", 1_000_000)).toBe("first");
  expect(table.expiring()).toEqual([]);
  table.release(entry);
  expect(table.holder("key", 0)).toBeUndefined();
  expect(table.size).toBe(0);
});

test("a job that is gone does not free the key of the job after it", () => {
  const table = new DedupTable();
  const before = table.take("key", "first", 10);
  table.take("key", "second", Infinity);
  expect(table.expiring()).toEqual([]);
  table.release(before);
  expect(table.holder("key", 20)).toBe("second");
});

test("a key that is taken again counts with its new moment alone", () => {
  const table = new DedupTable();
  table.take("key", "first", 10);
  const again = table.take("key", "second", 30);
  expect(table.expiring()).toEqual([again]);
  table.sweep(20, 10);
  expect(table.holder("key", 20)).toBe("second");
});

test("a sweep forgets what is over, the earliest first, and no more than it may", () => {
  const table = new DedupTable();
  for (const at of [3, 1, 2, 4]) table.take(`key${at}`, `job${at}`, at);
  table.sweep(3, 2);
  expect(
    table
      .expiring()
      .map(({ key }) => key)
      .toSorted(),
  ).toEqual(["key3", "key4"]);
  expect(table.size).toBe(2);
  table.sweep(3, 2);
  expect(table.expiring().map(({ key }) => key)).toEqual(["key4"]);
  table.sweep(4, 2);
  table.sweep(4, 2);
  expect(table.size).toBe(0);
});
