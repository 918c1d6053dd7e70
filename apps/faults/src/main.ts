import { mkdirSync, writeFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { runCampaign } from "./campaign.ts";
import { FAULTS } from "./nemesis.ts";
import { reportTable, sound } from "./report.ts";
import { systemNames } from "./systems/catalog.ts";

const RESULTS = new URL("../results/", import.meta.url);

interface Flags {
  readonly system: string;
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly workers: number;
  readonly producers: number;
  readonly workMs: number;
  readonly calmMs: number;
  readonly faults?: string[];
  readonly json?: true;
  readonly save?: string;
}

const flags = new Command("faults")
  .description(
    "Runs producers and workers as real processes against a real Redis, kills, stops, cuts and silences them by a seed, and counts what was lost or done twice. Exit code 1 on anything lost, unexpected, unexplained or stuck.",
  )
  .addOption(
    new Option("--system <name>", "the queue under test").choices(systemNames).default("chimera-redis"),
  )
  .option("--minutes <n>", "how long jobs flow and faults strike", positive, 1)
  .option("--seed <s>", "the seed of the faults", positive, 1)
  .option("--rate <n>", "jobs a second", positive, 500)
  .option("--workers <n>", "worker processes", positive, 3)
  .option("--producers <n>", "producer processes", positive, 1)
  .option("--work-ms <n>", "milliseconds a handler works", positive, 5)
  .option("--calm-ms <n>", "milliseconds between faults, on average", positive, 2_000)
  .option("--faults <names...>", `only these: ${FAULTS.map(({ name }) => name).join(", ")}`)
  .option("--json", "the report as one line of JSON")
  .option("--save <name>", "also write results/<name>.json")
  .parse()
  .opts<Flags>();

const report = await runCampaign(
  {
    system: flags.system,
    seed: flags.seed,
    durationMs: flags.minutes * 60_000,
    ratePerSecond: flags.rate,
    producers: flags.producers,
    workers: flags.workers,
    workMs: flags.workMs,
    calmMs: flags.calmMs,
    ...(flags.faults !== undefined && { faults: flags.faults }),
  },
  ({ fault, victim }) => {
    if (!flags.json) process.stderr.write(`${fault}${victim === undefined ? "" : ` ${victim}`}\n`);
  },
);
process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : `${reportTable([report])}\n`);
if (flags.save !== undefined) {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL(`${flags.save}.json`, RESULTS), `${JSON.stringify(report, null, 2)}\n`);
}
process.exitCode = sound(report) ? 0 : 1;

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("expected a number above 0");
  return value;
}
