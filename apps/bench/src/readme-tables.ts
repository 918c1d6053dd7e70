import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { daysWithResults, readOverview } from "./overview-file.ts";
import { figure } from "./report.ts";
import type { ScenarioResult } from "./result.ts";

const ROOT = new URL("../../../", import.meta.url);
const BLOCK = /(<!-- bench: ([a-z0-9 -]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** A scenario's result and its day. */
export interface DatedResult extends ScenarioResult {
  readonly day: string;
}

/** The newest result of each scenario. */
export function newestResults(): ReadonlyMap<string, DatedResult> {
  return new Map(
    daysWithResults().flatMap((day) =>
      readOverview(day).scenarios.map((result) => [result.scenario, { ...result, day }]),
    ),
  );
}

/** The text with each of its blocks `<!-- bench: … --> <!-- end -->` drawn from the results of the scenarios it names. */
export function drawn(text: string, results: ReadonlyMap<string, DatedResult>): string {
  return text.replace(BLOCK, (_, head: string, names: string, end: string) => {
    const rows = names.split(" ").map((name) => {
      const result = results.get(name);
      if (result === undefined) return `| \`${name}\` | | not measured yet | | | |`;
      const { ours, reference, unit, referenceName, ratio, ratioRange, day } = result;
      const range = ratioRange.map(figure).join(" to ");
      return `| \`${name}\` | ${referenceName} | ${figure(ratio)} | ${range} | ${figure(ours)} against ${figure(reference)} ${unit} | ${day} |`;
    });
    const titles =
      "| scenario | against | times better | the pairs | medians | day |\n| --- | --- | ---: | --- | --- | --- |";
    return `${head}\n${titles}\n${rows.join("\n")}\n\n${end}`;
  });
}

/** Every README of the project, the root's first. */
export function readmes(): URL[] {
  const folders = ["packages/", "apps/"].flatMap((parent) =>
    readdirSync(new URL(parent, ROOT)).map((name) => `${parent}${name}/`),
  );
  return ["", ...folders]
    .map((folder) => new URL(`${folder}README.md`, ROOT))
    .filter((readme) => existsSync(readme));
}

export function redrawReadmes(): void {
  const results = newestResults();
  for (const readme of readmes()) {
    const text = readFileSync(readme, "utf8");
    const redrawn = drawn(text, results);
    if (redrawn !== text) writeFileSync(readme, redrawn);
  }
}
