import { join } from "node:path";
import { runSegment } from "./campaign.ts";
import { campaignResult, type CampaignResult } from "./campaign-result.ts";
import type { CampaignPlan } from "./campaigns.ts";
import type { FaultRecord } from "./recovery.ts";
import type { SegmentReport } from "./segment-report.ts";
import { systemNamed } from "./systems/catalog.ts";

export interface CampaignRun {
  /** Segments that need not run again. */
  readonly written: readonly SegmentReport[];
  readonly onFault: (record: FaultRecord) => void;
  /** A folder for copies of each segment's ledgers and of what its server has on disk. */
  readonly keep?: string;
  /** After each segment, with the sum so far. */
  readonly onSegment: (result: CampaignResult) => void;
}

/** Runs the segments of a plan that are missing, one after another, and sums them all. */
export async function runCampaign(
  name: string,
  plan: CampaignPlan,
  run: CampaignRun,
): Promise<CampaignResult> {
  const { firstSeed, segments: count, ...options } = plan;
  const system = await systemNamed(plan.system);
  const segments: SegmentReport[] = [];
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const written = run.written.find((segment) => segment.seed === seed);
    const keep = run.keep === undefined ? undefined : join(run.keep, `${name}-${seed}`);
    segments.push(
      written ??
        (await runSegment(
          { ...options, seed },
          { onFault: run.onFault, ...(keep !== undefined && { keep }) },
        )),
    );
    if (written === undefined) run.onSegment(campaignResult(name, system, plan, segments));
  }
  return campaignResult(name, system, plan, segments);
}
