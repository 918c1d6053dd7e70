import { readdirSync } from "node:fs";
import type { Curve } from "./curve.ts";
import type { Scenario } from "./scenario.ts";

const SCENARIOS = new URL("scenarios/", import.meta.url);
const CURVES = new URL("curves/", import.meta.url);

/** The names of all scenarios, sorted: one a file. */
export function scenarioNames(): string[] {
  return namesIn(SCENARIOS);
}

export function curveNames(): string[] {
  return namesIn(CURVES);
}

export async function loadScenario(name: string): Promise<Scenario> {
  const { scenario } = (await import(new URL(`${name}.ts`, SCENARIOS).href)) as { scenario?: Scenario };
  if (scenario === undefined) throw new TypeError(`scenarios/${name}.ts must export \`scenario\``);
  return scenario;
}

export async function loadCurve(name: string): Promise<Curve> {
  const { curve } = (await import(new URL(`${name}.ts`, CURVES).href)) as { curve?: Curve };
  if (curve === undefined) throw new TypeError(`curves/${name}.ts must export \`curve\``);
  return curve;
}

/** The one of that name, or those that share the beginning: `pg-query` stands for `pg-query-1`, `-10` and `-50`. */
export function matching(names: readonly string[], asked: string): string[] {
  return names.includes(asked) ? [asked] : names.filter((name) => name.startsWith(`${asked}-`));
}

function namesIn(folder: URL): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length))
    .toSorted();
}
