import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Stryker } from "@stryker-mutator/core";

/**
 * Changes the code on which a job's life hangs, one small change at a time, and counts how many of the changes a test
 * notices. Fails below nine in ten in any area.
 *
 * Run with `pnpm campaign:mutants [area]`; results go to `mutants.json` beside this file, with the place of each survivor.
 */
const AREAS: Readonly<Record<string, Area>> = {
  backoff: {
    directory: "../../../dlq",
    files: ["src/foundation/backoff.ts"],
    suites: ["test/unit/foundation/backoff.test.ts"],
  },
  retries: {
    directory: "../..",
    files: ["src/worker/failure-policy.ts"],
    suites: ["test/unit/worker/failure-policy.test.ts"],
  },
  leases: {
    directory: "../..",
    files: ["src/local/lease-table.ts", "src/local/lease-ring.ts", "src/worker/lease-renewer.ts"],
    suites: ["test/unit/local/lease-*.test.ts", "test/unit/worker/lease*.test.ts"],
  },
  settle: {
    directory: "../..",
    files: ["src/local/job-store.ts", "src/worker/settlement-batcher.ts"],
    suites: [
      "test/unit/local/job-store.test.ts",
      "test/unit/local/local-backend.test.ts",
      "test/unit/conformance/local-backend.test.ts",
      "test/unit/worker/settl*.test.ts",
      "test/campaigns/mutant-histories.test.ts",
    ],
  },
  dedup: {
    directory: "../..",
    files: ["src/local/dedup-table.ts"],
    suites: ["test/unit/local/dedup-table.test.ts", "test/campaigns/mutant-histories.test.ts"],
  },
};
const LEAST_KILLED = 0.9;
const SUITES = fileURLToPath(new URL("mutants.vitest.config.ts", import.meta.url));
const RESULTS = new URL("mutants.json", import.meta.url);

interface Area {
  /** Of the package, from here. */
  readonly directory: string;
  readonly files: readonly string[];
  /** The suites that are to notice: those that say what these files do, since every mutant that lives meets them all. */
  readonly suites: readonly string[];
}

interface Tally {
  readonly area: string;
  readonly mutants: number;
  readonly killed: number;
  readonly share: number;
  /** `file:line mutator`, of what no test noticed. */
  readonly survivors: readonly string[];
}

async function tallyOf(area: string, { directory, files, suites }: Area): Promise<Tally> {
  process.chdir(fileURLToPath(new URL(directory, import.meta.url)));
  // For the configuration of Vitest, which is read in the processes that Stryker starts.
  process.env["MUTANT_SUITES"] = suites.join(" ");
  const runner = createRequire(import.meta.url).resolve("@stryker-mutator/vitest-runner");
  const options: ConstructorParameters<typeof Stryker>[0] = {
    mutate: [...files],
    testRunner: "vitest",
    plugins: [runner],
    vitest: { configFile: SUITES, related: false },
    coverageAnalysis: "perTest",
    // A mutant in code that runs once, at import, needs a process of its own; there are a handful, all constants.
    ignoreStatic: true,
    concurrency: 1,
    timeoutMS: 3_000,
    reporters: ["progress-append-only"],
    tempDirName: ".mutants",
    allowEmpty: false,
  };
  const results = await new Stryker(options).runMutationTest();
  const counted = results.filter(({ status }) => status !== "Ignored" && status !== "CompileError");
  const survivors = counted.filter(({ status }) => status === "Survived" || status === "NoCoverage");
  const killed = counted.length - survivors.length;
  return {
    area,
    mutants: counted.length,
    killed,
    share: Math.round((killed / counted.length) * 1_000) / 1_000,
    survivors: survivors.map(
      ({ fileName, location, mutatorName, replacement }) =>
        `${fileName.slice(fileName.indexOf("src/"))}:${location.start.line} ${mutatorName}: ${replacement.replaceAll(/\s+/g, " ").slice(0, 60)}`,
    ),
  };
}

const [only] = process.argv.slice(2);
for (const [name, area] of Object.entries(AREAS)) {
  if (only !== undefined && only !== name) continue;
  const tally = await tallyOf(name, area);
  process.stdout.write(`${name}: ${tally.killed} of ${tally.mutants} killed\n`);
  if (tally.share < LEAST_KILLED) process.exitCode = 1;
  const others = (JSON.parse(readFileSync(RESULTS, "utf8")) as Tally[]).filter(
    (other) => other.area !== name,
  );
  const all = [...others, tally].toSorted((left, right) => left.area.localeCompare(right.area));
  writeFileSync(RESULTS, `${JSON.stringify(all, null, 2)}\n`);
}
