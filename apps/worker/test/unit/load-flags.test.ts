import { InvalidArgumentError } from "commander";
import { expect, it } from "vitest";

import { parseDuration, parseRate } from "../../src/demo/load-flags.ts";
import { loadLine } from "../../src/demo/load-report.ts";

it("takes a rate and a time", () => {
  expect([parseRate("1"), parseRate("100000")]).toEqual([1, 100_000]);
  expect(["1000ms", "30s", "60m"].map(parseDuration)).toEqual([1_000, 30_000, 3_600_000]);
});

it.each(["0", "-1", "100001", "5e3", "5.5", "", "fast", "9999999"])("refuses %j as a rate", (text) => {
  expect(() => parseRate(text)).toThrow(InvalidArgumentError);
});

it.each(["30", "s", "0s", "999ms", "61m", "-1s", "1h", "1.5s", ""])("refuses %j as a time", (text) => {
  expect(() => parseDuration(text)).toThrow(InvalidArgumentError);
});

it("ends with a line for machines", () => {
  expect(
    loadLine({
      accepted: 1,
      refused: 2,
      postgres: 3,
      clickhouse: 4,
      deadLettered: 5,
      peakDepth: 6,
      peakPressure: "high",
      recoveredMs: 7,
    }),
  ).toBe(
    "load: accepted=1 refused=2 postgres=3 clickhouse=4 dead_lettered=5 peak_depth=6 peak_pressure=high recovered_ms=7",
  );
});
