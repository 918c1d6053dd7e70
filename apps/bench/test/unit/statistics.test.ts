import { expect, test } from "vitest";
import { median, ratioOf } from "../../src/statistics.ts";

test("the median of an odd count is the middle value, in any order", () => {
  expect(median([9, 1, 5])).toBe(5);
});

test("the median of an even count is the mean of the two middle values", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test("the median of nothing is refused", () => {
  expect(() => median([])).toThrow("no values");
});

test("a ratio says how many times better ours is, whichever direction is better", () => {
  expect(ratioOf(200, 100, "higher")).toBe(2);
  expect(ratioOf(5, 10, "lower")).toBe(2);
});
