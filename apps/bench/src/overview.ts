import { curveNames, loadScenario, matching, scenarioNames } from "./catalog.ts";
import { runInChild } from "./child.ts";
import type { CurveResult } from "./curve.ts";
import { type Overview, readOverview, withCurve, withScenario, writeOverview } from "./overview-file.ts";
import { redrawPictures } from "./pictures.ts";
import type { ScenarioResult } from "./result.ts";

export interface OverviewOptions {
  /** Scenarios and curves, or the beginnings that several share; all unless given. */
  readonly names: readonly string[];
  readonly quick: boolean;
  /** Measures also what the day has already, at the same size. */
  readonly again: boolean;
  readonly onStart: (name: string) => void;
}

/**
 * Measures scenarios and curves one after another into the day's results, and draws them. What the day has at the same
 * size is kept: a run that was ended goes on where it was, and one may run in parts.
 */
export async function runOverview(day: string, options: OverviewOptions): Promise<Overview> {
  const { names, quick, again, onStart } = options;
  const chosen = (all: readonly string[]): string[] =>
    names.length === 0 ? [...all] : names.flatMap((name) => matching(all, name));
  const size = quick ? "quick" : "full";
  let overview = readOverview(day);
  const keep = (changed: Overview): void => {
    overview = changed;
    writeOverview(day, overview);
    redrawPictures();
  };
  for (const name of chosen(scenarioNames())) {
    const { n, quickN } = await loadScenario(name);
    const written = overview.scenarios.find(({ scenario }) => scenario === name);
    if (!again && written?.n === (quick ? quickN : n)) continue;
    onStart(name);
    const file = new URL("run-scenario.ts", import.meta.url);
    keep(withScenario(overview, await runInChild<ScenarioResult>(file, [name, size])));
  }
  for (const name of chosen(curveNames())) {
    const written = overview.curves.find(({ curve }) => curve === name);
    if (!again && written !== undefined && (quick || written.runs > 1)) continue;
    onStart(name);
    const file = new URL("run-curve.ts", import.meta.url);
    keep(withCurve(overview, await runInChild<CurveResult>(file, [name, size])));
  }
  return overview;
}
