import { expect, test } from "vitest";
import { ratioBars } from "../../src/bars.ts";
import { resultTable } from "../../src/report.ts";
import type { ScenarioResult } from "../../src/result.ts";

const result: ScenarioResult = {
  scenario: "local-process-1",
  ours: 1_234_567,
  reference: 617_283,
  referenceName: "fastq <promise>",
  ratio: 2,
  ratioRange: [1.9, 2.2],
  bar: 1.2,
  unit: "jobs/s",
  n: 100_000,
  pairs: 5,
  peakRssMb: 90,
  node: "20.20.2",
  versions: {},
};

test("the table says whether the bar was met", () => {
  expect(resultTable([result])).toContain("met (>= 1.2)");
  expect(resultTable([{ ...result, ratio: 1.1 }])).toContain("MISSED (>= 1.2)");
});

test("a bar with memory in it is met only under both", () => {
  expect(resultTable([{ ...result, maxPeakRssMb: 100 }])).toContain("met (>= 1.2, 90 of 100 MB)");
  expect(resultTable([{ ...result, maxPeakRssMb: 80 }])).toContain("MISSED (>= 1.2, 90 of 80 MB)");
});

test("the table names the file system of a durable figure", () => {
  expect(resultTable([{ ...result, fileSystem: "ext4" }])).toContain("ext4");
  expect(resultTable([result])).not.toContain("undefined");
});

test("the bars name the scenario and escape what they are given", () => {
  const svg = ratioBars([result]);
  expect(svg).toContain("local-process-1");
  expect(svg).toContain("2.00x fastq &lt;promise>");
});
