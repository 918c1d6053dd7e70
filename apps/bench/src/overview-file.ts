import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import type { CurveResult } from "./curve.ts";
import type { ScenarioResult } from "./result.ts";

const RESULTS = new URL("../results/", import.meta.url);

/** Everything that was measured on one day, as `results/<date>.json` keeps it. */
export interface Overview {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly scenarios: readonly ScenarioResult[];
  readonly curves: readonly CurveResult[];
}

/** What a day has so far; nothing before its first result. */
export function readOverview(day: string): Overview {
  const path = new URL(`${day}.json`, RESULTS);
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Overview;
  const { length, 0: cpu } = cpus();
  return { machine: { cpus: length, cpu: cpu?.model ?? "unknown" }, scenarios: [], curves: [] };
}

/** The days that have results, oldest first. */
export function daysWithResults(): string[] {
  return readdirSync(RESULTS)
    .flatMap((file) => /^(\d{4}-\d\d-\d\d)\.json$/.exec(file)?.[1] ?? [])
    .toSorted();
}

/** Written after each result, so that a run that was ended goes on where it was. One line a result. */
export function writeOverview(day: string, { machine, scenarios, curves }: Overview): void {
  mkdirSync(RESULTS, { recursive: true });
  const text = `{\n  "machine": ${JSON.stringify(machine)},\n  "scenarios": ${list(scenarios)},\n  "curves": ${list(curves)}\n}\n`;
  writeFileSync(new URL(`${day}.json`, RESULTS), text);
}

function list(results: readonly (ScenarioResult | CurveResult)[]): string {
  return results.length === 0
    ? "[]"
    : `[\n${results.map((result) => `    ${JSON.stringify(result)}`).join(",\n")}\n  ]`;
}

export function writeDrawing(file: string, svg: string): void {
  writeFileSync(new URL(file, RESULTS), svg);
}

/** With `result` in the place of an older one of the same name. */
export function withScenario(overview: Overview, result: ScenarioResult): Overview {
  const scenarios = overview.scenarios.filter(({ scenario }) => scenario !== result.scenario);
  return {
    ...overview,
    scenarios: [...scenarios, result].toSorted((a, b) => a.scenario.localeCompare(b.scenario)),
  };
}

export function withCurve(overview: Overview, result: CurveResult): Overview {
  const curves = overview.curves.filter(({ curve }) => curve !== result.curve);
  return { ...overview, curves: [...curves, result].toSorted((a, b) => a.curve.localeCompare(b.curve)) };
}
