import { ratioBars } from "./bars.ts";
import { curveCharts } from "./curve-charts.ts";
import { daysWithResults, readOverview, writeDrawing } from "./overview-file.ts";
import { newestResults } from "./readme-tables.ts";

/** Draws `overview.svg` and `curves.svg` from the newest result of each scenario and each curve. */
export function redrawPictures(): void {
  const scenarios = [...newestResults().values()].toSorted((a, b) => a.scenario.localeCompare(b.scenario));
  const curves = new Map(
    daysWithResults().flatMap((day) => readOverview(day).curves.map((curve) => [curve.curve, curve])),
  );
  writeDrawing("overview.svg", ratioBars(scenarios));
  writeDrawing("curves.svg", curveCharts([...curves.values()]));
}
