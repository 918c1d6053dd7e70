import { expect, test } from "vitest";
import type { CampaignResult } from "../../src/campaign-result.ts";
import { drawnReadme, readmeToday } from "../../src/readme-tables.ts";
import { DEFAULTS } from "../../src/campaigns.ts";
import { totalOf } from "../../src/total.ts";

test("every table of the README is drawn from the results: `pnpm faults --tables` draws it anew", () => {
  const { written, drawn } = readmeToday();
  expect(written).toBe(drawn);
});

test("a figure that is not in the results does not stay in a table", () => {
  const result: CampaignResult = {
    campaign: "redis",
    system: "RedisQueue",
    version: "1.0.0",
    settings: { leaseMs: 2_000 },
    plan: { ...DEFAULTS, system: "chimera-redis", durationMs: 60_000 },
    machine: { node: "20", cpus: 2 },
    total: totalOf([]),
    segments: [],
  };
  const text = "<!-- campaigns: redis -->\n| lost | 7 |\n<!-- end -->";
  const drawn = drawnReadme(text, () => result);
  expect(drawn).not.toContain("| 7 |");
  expect(drawn).toContain("| lost | 0 |");
});
