import { expect, test } from "vitest";
import { matching } from "../../src/catalog.ts";
import type { CurveResult } from "../../src/curve.ts";
import { curveCharts } from "../../src/curve-charts.ts";

const curve: CurveResult = {
  curve: "redis-concurrency",
  title: "",
  xLabel: "concurrency <n>",
  unit: "jobs/s",
  runs: 1,
  series: [
    {
      name: "Chimera",
      points: [
        [1, 5_000],
        [100, 200_000],
      ],
    },
    { name: "BullMQ", points: [[1, 3_000]] },
  ],
  node: "20",
  versions: {},
};

test("a chart has a line a queue, a point a measurement, and escapes its words", () => {
  const svg = curveCharts([curve]);
  expect(svg.match(/<path class="line/g)).toHaveLength(2);
  expect(svg.match(/ r="3"/g)).toHaveLength(3);
  expect(svg).toContain("concurrency &lt;n>");
  expect(svg).not.toMatch(/NaN|Infinity/);
});

test("a name stands for itself, or for those that it begins", () => {
  const names = ["pg-bulk", "pg-bulk-peers", "pg-query-1", "pg-query-10"];
  expect(matching(names, "pg-bulk")).toEqual(["pg-bulk"]);
  expect(matching(names, "pg-query")).toEqual(["pg-query-1", "pg-query-10"]);
  expect(matching(names, "nothing")).toEqual([]);
});
