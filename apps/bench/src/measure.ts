import { installedVersion } from "./installed-version.ts";
import { rounded, type ScenarioResult } from "./result.ts";
import type { Measurement, Scenario } from "./scenario.ts";
import { median, ratioOf } from "./statistics.ts";

/**
 * Runs a scenario in this process: both sides in turn, ours first in one pair and second in the next, so that
 * neither gains from its place while the machine's speed drifts.
 */
export async function measure(name: string, scenario: Scenario, quick: boolean): Promise<ScenarioResult> {
  const n = quick ? scenario.quickN : scenario.n;
  const pairs = quick ? 3 : (scenario.pairs ?? 5);
  const sides = await scenario.open(n);
  const ours: Measurement[] = [];
  const reference: Measurement[] = [];
  try {
    for (let warmup = 0; warmup < (scenario.warmups ?? 1); warmup++) {
      await sides.ours();
      await sides.reference();
    }
    for (let pair = 0; pair < pairs; pair++) {
      if (pair % 2 === 0) ours.push(measurement(await sides.ours()));
      reference.push(measurement(await sides.reference()));
      if (pair % 2 === 1) ours.push(measurement(await sides.ours()));
    }
  } finally {
    await sides.close();
  }
  const ratios = ours.map((run, pair) =>
    ratioOf(run.value, reference[pair]?.value ?? Number.NaN, scenario.better),
  );
  return {
    scenario: name,
    ours: rounded(median(ours.map((run) => run.value))),
    reference: rounded(median(reference.map((run) => run.value))),
    referenceName: scenario.referenceName,
    ratio: rounded(median(ratios)),
    ratioRange: [rounded(Math.min(...ratios)), rounded(Math.max(...ratios))],
    bar: scenario.bar,
    unit: scenario.unit,
    n,
    pairs,
    peakRssMb: peakRssMb(ours),
    ...(scenario.maxPeakRssMb !== undefined && { maxPeakRssMb: scenario.maxPeakRssMb }),
    node: process.versions.node,
    ...(sides.fileSystem !== undefined && { fileSystem: sides.fileSystem }),
    versions: Object.fromEntries((scenario.peers ?? []).map((peer) => [peer, installedVersion(peer)])),
  };
}

function measurement(run: number | Measurement): Measurement {
  return typeof run === "number" ? { value: run } : run;
}

/** Of our own side where it ran in processes of its own, of this process otherwise. */
function peakRssMb(ours: readonly Measurement[]): number {
  const own = ours.flatMap((run) => (run.peakRssMb === undefined ? [] : [run.peakRssMb]));
  return Math.round(own.length > 0 ? Math.max(...own) : process.resourceUsage().maxRSS / 1024);
}
