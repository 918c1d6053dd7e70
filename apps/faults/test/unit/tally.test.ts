import { expect, test } from "vitest";
import { Tally } from "../../src/tally.ts";

test("quantiles are those of the waits, to the millisecond below a second", () => {
  const tally = new Tally();
  for (let ms = 1; ms <= 100; ms++) tally.add(ms);
  expect(tally.times()).toEqual({ samples: 100, p50: 50, p99: 99, max: 100 });
});

test("longer waits are rounded up, never down", () => {
  const tally = new Tally();
  tally.add(3_001);
  expect(tally.times().max).toBe(3_010);
});

test("a tally that was written and read again sums with others", () => {
  const written = new Tally();
  written.add(5);
  const read = new Tally(JSON.parse(JSON.stringify(written)) as Record<string, number>);
  expect(read.merge(written).times()).toMatchObject({ samples: 2, max: 5 });
});

test("no waits have no quantiles", () => {
  expect(new Tally().times()).toEqual({ samples: 0, p50: 0, p99: 0, max: 0 });
});
