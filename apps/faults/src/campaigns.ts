import type { CampaignOptions } from "./campaign-options.ts";

/** What a campaign of several segments is: each segment takes the next seed and a server of its own. */
export interface CampaignPlan extends Omit<CampaignOptions, "seed"> {
  readonly firstSeed: number;
  readonly segments: number;
}

export const DEFAULTS = {
  firstSeed: 1,
  segments: 1,
  ratePerSecond: 700,
  producers: 1,
  workers: 3,
  workMs: 5,
  leaseMs: 2_000,
  calmMs: 3_600,
} as const;

const MINUTE_MS = 60_000;
const failover = { ...DEFAULTS, faults: ["fail-over"], calmMs: 6_000, durationMs: 3 * MINUTE_MS };

/** The campaigns that the README draws its tables from, by the name of their result. */
export const CAMPAIGNS: Readonly<Record<string, CampaignPlan>> = {
  // More than a million jobs and more than 300 faults.
  redis: { ...DEFAULTS, system: "chimera-redis", segments: 5, durationMs: 6 * MINUTE_MS },
  local: { ...DEFAULTS, system: "chimera-local", segments: 2, durationMs: 4 * MINUTE_MS },
  bullmq: { ...DEFAULTS, system: "bullmq", durationMs: 6 * MINUTE_MS },
  "bee-queue": { ...DEFAULTS, system: "bee-queue", durationMs: 6 * MINUTE_MS },
  "failover-memory": { ...failover, system: "chimera-redis", durability: "memory" },
  "failover-replicas": { ...failover, system: "chimera-redis", durability: "replicas" },
  "failover-bullmq": { ...failover, system: "bullmq" },
  "failover-bee-queue": { ...failover, system: "bee-queue" },
};
