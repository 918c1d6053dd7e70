import { expect, test } from "vitest";
import { LatencyWindow } from "../../../src/local/latency-window.ts";

test("percentiles are samples that were really seen, by nearest rank", () => {
  const window = new LatencyWindow();
  for (let durationMs = 100; durationMs >= 1; durationMs--) window.record(durationMs, 0);
  expect(window.figures(0)).toEqual({ p50: 50, p95: 95, p99: 99, count: 100, windowMs: 60_000 });
});

test("only the last minute and the newest 1 024 samples count", () => {
  const window = new LatencyWindow();
  for (let sample = 0; sample < 2_000; sample++) window.record(sample < 1_500 ? 9_000 : 1, sample);
  expect(window.figures(2_000)).toMatchObject({ p50: 9_000, count: 1_024 });
  expect(window.figures(61_500)).toMatchObject({ p50: 1, p99: 1, count: 499 });
});

test("nothing finished is all zero", () => {
  expect(new LatencyWindow().figures(0)).toMatchObject({ p50: 0, p95: 0, p99: 0, count: 0 });
});
