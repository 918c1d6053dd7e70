import { Command, InvalidArgumentError, Option } from "commander";
import { type CampaignResult, writeResult, writtenSegments } from "./campaign-result.ts";
import { CAMPAIGNS, type CampaignPlan, DEFAULTS } from "./campaigns.ts";
import { FAULTS } from "./nemesis.ts";
import { redrawReadme } from "./readme-tables.ts";
import { reportTable } from "./report.ts";
import { runCampaign } from "./run-campaign.ts";
import { systemNamed, systemNames } from "./systems/catalog.ts";
import { runSoak } from "./soak/run-soak.ts";
import { soakPlan } from "./soak/soak-plan.ts";
import { writeSoak } from "./soak/soak-result.ts";
import { soakTable } from "./soak/soak-table.ts";
import { sound } from "./total.ts";

interface Flags {
  readonly system: string;
  readonly minutes: number;
  readonly seed: number;
  readonly segments: number;
  readonly rate: number;
  readonly workers: number;
  readonly producers: number;
  readonly workMs: number;
  readonly leaseMs: number;
  readonly calmMs: number;
  readonly durability?: string;
  readonly faults?: string[];
  readonly campaign?: string[];
  readonly again?: true;
  readonly soak?: number;
  readonly tables?: true;
  readonly keep?: string;
  readonly json?: true;
}

const names = Object.keys(CAMPAIGNS);
/** A shorter soak shows little and does not take the place of one that did. */
const SOAK_WRITTEN_FROM_MINUTES = 60;
const program = new Command("faults")
  .description(
    "Runs producers and workers as real processes, kills, stops, cuts and silences them by a seed, and counts what was lost or done twice. Exit code 1 on anything lost, unexpected, unexplained or stuck.",
  )
  .addOption(
    new Option("--system <name>", "the queue under test").choices(systemNames).default("chimera-redis"),
  )
  .option("--minutes <n>", "how long jobs flow and faults strike, in each segment", positive, 1)
  .option("--seed <s>", "the seed of the first segment's faults", whole, DEFAULTS.firstSeed)
  .option(
    "--segments <n>",
    "runs of that length, each with the next seed and servers of its own",
    whole,
    DEFAULTS.segments,
  )
  .option("--rate <n>", "jobs a second", positive, DEFAULTS.ratePerSecond)
  .option("--workers <n>", "worker processes", whole, DEFAULTS.workers)
  .option("--producers <n>", "producer processes", whole, DEFAULTS.producers)
  .option("--work-ms <n>", "milliseconds a handler works", positive, DEFAULTS.workMs)
  .option("--lease-ms <n>", "milliseconds a delivery belongs to its worker", positive, DEFAULTS.leaseMs)
  .option("--calm-ms <n>", "milliseconds between faults, on average", positive, DEFAULTS.calmMs)
  .option("--durability <kind>", "what an acknowledgement waits for, where the system offers a choice")
  .option("--faults <names...>", `only these: ${FAULTS.map(({ name }) => name).join(", ")}`)
  .option(
    "--campaign <names...>",
    `the campaigns of the README instead, written to results/: ${names.join(", ")}, or all; segments that are there are kept`,
  )
  .option("--again", "with --campaign: run every segment again")
  .option(
    "--soak <minutes>",
    "a steady load without faults instead: memory has to stay flat, and every process has to end by itself; from 60 on written to results/",
    positive,
  )
  .option("--tables", "only draw the tables of the README anew from results/")
  .option("--keep <folder>", "copy the ledgers and what the server has on disk there, to look at")
  .option("--json", "each result as one line of JSON")
  .parse();
const flags = program.opts<Flags>();

if (flags.tables) {
  redrawReadme();
  process.exit(0);
}

if (flags.soak !== undefined) {
  await soak(flags.soak);
  process.exit();
}

const results: CampaignResult[] = [];
for (const [name, plan] of asked()) {
  const { durabilities } = await systemNamed(plan.system);
  if (plan.durability !== undefined && !durabilities.includes(plan.durability)) {
    fail(
      `${plan.system} has ${durabilities.length === 0 ? "no choice of" : durabilities.join(", ")} --durability`,
    );
  }
  const result = await runCampaign(name, plan, {
    written: flags.campaign !== undefined && !flags.again ? writtenSegments(name, plan) : [],
    ...(flags.keep !== undefined && { keep: flags.keep }),
    onFault: ({ fault, victim }) => {
      if (!flags.json) process.stderr.write(`${fault}${victim === undefined ? "" : ` ${victim}`}\n`);
    },
    onSegment: (sum) => {
      if (flags.campaign !== undefined) writeResult(sum);
    },
  });
  results.push(result);
  if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
}
if (!flags.json) process.stdout.write(`${reportTable(results)}\n`);
if (flags.campaign !== undefined) redrawReadme();
process.exitCode = results.every(({ total }) => sound(total)) ? 0 : 1;

async function soak(minutes: number): Promise<void> {
  const given = Object.entries({
    ratePerSecond: "rate",
    producers: "producers",
    workers: "workers",
    workMs: "workMs",
  } as const).filter(([, flag]) => program.getOptionValueSource(flag) === "cli");
  const result = await runSoak(
    soakPlan(minutes, Object.fromEntries(given.map(([name, flag]) => [name, flags[flag]]))),
  );
  process.stdout.write(`${flags.json ? JSON.stringify(result) : soakTable(result)}\n`);
  if (minutes >= SOAK_WRITTEN_FROM_MINUTES) {
    writeSoak(result);
    redrawReadme();
  }
  process.exitCode = result.sound ? 0 : 1;
}

function asked(): (readonly [string, CampaignPlan])[] {
  if (flags.campaign !== undefined) {
    const wanted = flags.campaign.includes("all") ? names : flags.campaign;
    return wanted.map((name) => {
      const plan = CAMPAIGNS[name];
      if (plan === undefined) fail(`no campaign ${name}; there are ${names.join(", ")}, or all`);
      return [name, plan];
    });
  }
  const { system, minutes, seed, segments, rate, workers, producers, workMs, leaseMs, calmMs } = flags;
  const { durability, faults } = flags;
  const plan: CampaignPlan = {
    system,
    firstSeed: seed,
    segments,
    durationMs: minutes * 60_000,
    ratePerSecond: rate,
    producers,
    workers,
    workMs,
    leaseMs,
    calmMs,
    ...(durability !== undefined && { durability }),
    ...(faults !== undefined && { faults }),
  };
  return [[system, plan]];
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("expected a number above 0");
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("expected a whole number from 1");
  return value;
}

function fail(message: string): never {
  process.stderr.write(`faults: ${message}\n`);
  process.exit(2);
}
