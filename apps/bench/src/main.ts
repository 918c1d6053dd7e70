import { Command } from "commander";
import { curveNames, matching, scenarioNames } from "./catalog.ts";
import { runInChild } from "./child.ts";
import { runOverview } from "./overview.ts";
import { redrawPictures } from "./pictures.ts";
import { redrawReadmes } from "./readme-tables.ts";
import { resultTable } from "./report.ts";
import type { ScenarioResult } from "./result.ts";

const program = new Command("bench")
  .description(
    "Compares Chimera with its peers: both sides interleaved in one run, medians, exact delivery checked.",
  )
  .argument(
    "[names...]",
    "scenarios to run, or the beginning that several share; after `overview`, also curves: measured into results/<date>.json and drawn as overview.svg and curves.svg, all of them unless named; `tables` only draws the READMEs' tables anew from the results",
  )
  .option("--json", "one line of JSON a scenario instead of a table")
  .option("--quick", "3 pairs and a smaller n: under about 20 s a scenario")
  .option("--again", "with overview: measure also what the day has already")
  .option("--day <date>", "with overview: the day whose results are continued", today())
  .option("--list", "only print the names")
  .parse();

const options = program.opts<{ json?: true; quick?: true; again?: true; day: string; list?: true }>();
const overview = program.args[0] === "overview";
const tables = program.args[0] === "tables";
const asked = overview || tables ? program.args.slice(1) : program.args;
const known = overview ? [...scenarioNames(), ...curveNames()] : scenarioNames();
const unknown = asked.filter((name) => matching(known, name).length === 0);
if (unknown.length > 0) {
  program.error(`bench: no scenario ${unknown.join(", ")}; there are ${known.join(", ")}`, { exitCode: 2 });
}

if (options.list) {
  process.stdout.write(`${known.join("\n")}\n`);
} else if (tables) {
  redrawReadmes();
  redrawPictures();
} else if (overview) {
  const { scenarios } = await runOverview(options.day, {
    names: asked,
    quick: options.quick === true,
    again: options.again === true,
    onStart: announce,
  });
  redrawReadmes();
  show(scenarios);
} else {
  const names = asked.length === 0 ? known : asked.flatMap((name) => matching(known, name));
  const results: ScenarioResult[] = [];
  for (const name of names) {
    announce(name);
    const result = await runInChild<ScenarioResult>(new URL("run-scenario.ts", import.meta.url), [
      name,
      options.quick ? "quick" : "full",
    ]);
    results.push(result);
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  if (!options.json) show(results);
}

function announce(name: string): void {
  if (!options.json) process.stderr.write(`${name} …\n`);
}

function show(results: readonly ScenarioResult[]): void {
  const text = options.json
    ? results.map((result) => JSON.stringify(result)).join("\n")
    : resultTable(results);
  process.stdout.write(`${text}\n`);
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
