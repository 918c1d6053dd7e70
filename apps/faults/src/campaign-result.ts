import { cpus } from "node:os";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { CampaignPlan } from "./campaigns.ts";
import { installedVersion } from "./installed-version.ts";
import type { SegmentReport } from "./segment-report.ts";
import type { QueueSystem } from "./systems/queue-system.ts";
import { totalOf, type Total } from "./total.ts";

const RESULTS = new URL("../results/", import.meta.url);

/** A campaign as it is written down: what ran on what, each segment, and their sum. */
export interface CampaignResult {
  readonly campaign: string;
  readonly system: string;
  readonly version: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly plan: CampaignPlan;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly total: Total;
  readonly segments: readonly SegmentReport[];
}

export function campaignResult(
  campaign: string,
  system: QueueSystem,
  plan: CampaignPlan,
  segments: readonly SegmentReport[],
): CampaignResult {
  return {
    campaign,
    system: system.name,
    version: installedVersion(system.packageName),
    settings: system.settings(plan),
    plan,
    machine: {
      node: process.versions.node,
      cpus: cpus().length,
      platform: `${process.platform} ${process.arch}`,
    },
    total: totalOf(segments),
    segments,
  };
}

/** The segments of an earlier run of the same plan, or none. */
export function writtenSegments(campaign: string, plan: CampaignPlan): readonly SegmentReport[] {
  const written = writtenResult(campaign);
  return written !== undefined && JSON.stringify(written.plan) === JSON.stringify(plan)
    ? written.segments
    : [];
}

export function writtenResult(campaign: string): CampaignResult | undefined {
  const path = new URL(`${campaign}.json`, RESULTS);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as CampaignResult) : undefined;
}

/** One line a segment, so that a difference shows which one ran again. */
export function writeResult(result: CampaignResult): void {
  mkdirSync(RESULTS, { recursive: true });
  const { segments, ...head } = result;
  const lines = segments.map((segment) => `    ${JSON.stringify(segment)}`);
  const text = `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "segments": [\n${lines.join(",\n")}\n  ]\n}\n`;
  writeFileSync(new URL(`${result.campaign}.json`, RESULTS), text);
}
