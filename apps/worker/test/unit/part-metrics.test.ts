import { Registry } from "prom-client";
import { expect, it } from "vitest";

import { byLabel, only, PartMetrics } from "../../src/metrics/part-metrics.ts";

interface Counts {
  readonly done: number;
  readonly byState: Readonly<Record<string, number>>;
}

function tried(): { registry: Registry; part: PartMetrics<Counts> } {
  const registry = new Registry();
  const part = new PartMetrics<Counts>(registry)
    .counter({ name: "jobs_total", help: "Jobs." }, ({ done }) => only(done))
    .gauge({ name: "connections", help: "Connections.", labelNames: ["state"] }, ({ byState }) =>
      byLabel("state", byState),
    );
  return { registry, part };
}

it("shows what the part counts at each scrape, not sums over scrapes", async () => {
  const { registry, part } = tried();
  await part.collect(() => ({ done: 3, byState: { idle: 1, busy: 2 } }));
  expect(await part.collect(async () => Promise.resolve({ done: 5, byState: { idle: 4 } }))).toBe(true);
  const shown = await registry.metrics();
  expect(shown).toContain("# TYPE jobs_total counter\njobs_total 5\n");
  expect(shown).toContain('connections{state="idle"} 4\n');
  expect(shown).not.toContain("busy");
});

it("shows nothing of a part that does not answer, rather than old values", async () => {
  const { registry, part } = tried();
  await part.collect(() => ({ done: 3, byState: { idle: 1 } }));
  expect(await part.collect(async () => Promise.reject(new Error("down")))).toBe(false);
  expect(await registry.metrics()).not.toContain("idle");
});
