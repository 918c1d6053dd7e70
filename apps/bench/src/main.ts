import { mkdirSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { ratioBars } from "./bars.ts";
import { scenarioNames } from "./catalog.ts";
import { runInChild } from "./child.ts";
import { resultTable } from "./report.ts";
import type { ScenarioResult } from "./result.ts";

const RESULTS = new URL("../results/", import.meta.url);

const program = new Command("bench")
  .description(
    "Compares Chimera with its peers: both sides interleaved in one run, medians, exact delivery checked.",
  )
  .argument(
    "[names...]",
    "scenarios to run, or the beginning that several share; `overview` runs all and writes results/<date>.json and overview.svg",
  )
  .option("--json", "one line of JSON a scenario instead of a table")
  .option("--quick", "3 pairs and a smaller n: under about 20 s a scenario")
  .option("--list", "only print the names")
  .parse();

const options = program.opts<{ json?: true; quick?: true; list?: true }>();
const known = scenarioNames();
const overview = program.args.includes("overview");
const asked = overview || program.args.length === 0 ? known : program.args;
const names = asked.flatMap((name) => (known.includes(name) ? [name] : familyOf(name)));
const unknown = asked.filter((name) => !known.includes(name) && familyOf(name).length === 0);
if (unknown.length > 0) {
  program.error(`bench: no scenario ${unknown.join(", ")}; there are ${known.join(", ")}`, { exitCode: 2 });
}

if (options.list) {
  process.stdout.write(`${known.join("\n")}\n`);
} else {
  const results: ScenarioResult[] = [];
  for (const name of names) {
    if (!options.json) process.stderr.write(`${name} …\n`);
    const size = options.quick ? "quick" : "full";
    const result = await runInChild<ScenarioResult>(new URL("run-scenario.ts", import.meta.url), [
      name,
      size,
    ]);
    results.push(result);
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  if (!options.json) process.stdout.write(`${resultTable(results)}\n`);
  if (overview) {
    mkdirSync(RESULTS, { recursive: true });
    const day = new Date().toISOString().slice(0, 10);
    writeFileSync(new URL(`${day}.json`, RESULTS), `${JSON.stringify(results, null, 2)}\n`);
    writeFileSync(new URL("overview.svg", RESULTS), ratioBars(results));
  }
}

/** The scenarios that share a beginning: `pg-query` stands for `pg-query-1`, `pg-query-10` and `pg-query-50`. */
function familyOf(name: string): string[] {
  return known.filter((other) => other.startsWith(`${name}-`));
}
