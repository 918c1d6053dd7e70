import Table from "cli-table3";
import type { ScenarioResult } from "./result.ts";

/** The results as a table for a terminal. */
export function resultTable(results: readonly ScenarioResult[]): string {
  const table = new Table({
    head: ["scenario", "ours", "reference", "against", "ratio", "range", "bar", "n", "on"],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "left", "right", "right", "right", "right", "left"],
  });
  for (const result of results) {
    table.push([
      result.scenario,
      `${figure(result.ours)} ${result.unit}`,
      `${figure(result.reference)} ${result.unit}`,
      result.referenceName,
      `${result.ratio.toFixed(2)}x`,
      result.ratioRange.map((ratio) => ratio.toFixed(2)).join(" - "),
      barOf(result),
      result.n.toLocaleString("en-US"),
      result.fileSystem ?? "",
    ]);
  }
  return table.toString();
}

function barOf({ ratio, bar, peakRssMb, maxPeakRssMb }: ScenarioResult): string {
  const isMet = ratio >= bar && (maxPeakRssMb === undefined || peakRssMb <= maxPeakRssMb);
  const memory = maxPeakRssMb === undefined ? "" : `, ${peakRssMb} of ${maxPeakRssMb} MB`;
  return `${isMet ? "met" : "MISSED"} (>= ${bar}${memory})`;
}

/** As tables write a figure. */
export function figure(value: number): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}
