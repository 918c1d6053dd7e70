import { readdirSync } from "node:fs";
import type { Scenario } from "./scenario.ts";

const FOLDER = new URL("scenarios/", import.meta.url);

/** The names of all scenarios, sorted: one a file. */
export function scenarioNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length))
    .toSorted();
}

export async function loadScenario(name: string): Promise<Scenario> {
  const { scenario } = (await import(new URL(`${name}.ts`, FOLDER).href)) as { scenario?: Scenario };
  if (scenario === undefined) throw new TypeError(`scenarios/${name}.ts must export \`scenario\``);
  return scenario;
}
