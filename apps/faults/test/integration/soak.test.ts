import { expect, test } from "vitest";
import { isExact } from "../../src/soak/soak-delivery.ts";
import { runSoak } from "../../src/soak/run-soak.ts";
import { soakPlan } from "../../src/soak/soak-plan.ts";
import type { ProcessSource } from "../../src/soak/soak-process.ts";
import { endedByItself, seriesOf, soakResult } from "../../src/soak/soak-result.ts";
import { withSoak } from "../../src/readme-tables.ts";

const SOURCE: ProcessSource = {
  folder: new URL("../../src/", import.meta.url),
  suffix: "ts",
  flags: ["--import", "tsx", "--conditions=@chimera/source"],
};

test(
  "a short soak sees every process, delivers each job as its kind says, and leaves no handle",
  { timeout: 60_000 },
  async () => {
    const result = await runSoak(soakPlan(0.05, { workers: 1 }), SOURCE);
    const { delivery, ends, samples } = result;
    expect(isExact(delivery)).toBe(true);
    expect(delivery.deduplicated).toBeGreaterThan(0);
    expect(delivery.lettered).toBeGreaterThan(0);
    expect(delivery.kinds["failing once"]).toBeGreaterThan(0);
    expect(result).toMatchObject({ drained: true, gone: 0 });
    expect(ends.map(({ name }) => name)).toEqual(["worker-1", "producer-1"]);
    for (const end of ends) expect(end).toSatisfy(endedByItself);
    for (const series of ["worker-1", "producer-1", "Redis"])
      expect(samples[series]?.length).toBeGreaterThan(3);

    // Three seconds do not show that a process is flat; that the verdict follows from what is measured they do.
    const judged = (change: Partial<typeof result>): boolean =>
      soakResult({ ...result, ...change }, STILL).sound;
    expect(judged({})).toBe(true);
    expect(judged({ drained: false })).toBe(false);
    expect(judged({ gone: 1 })).toBe(false);
    expect(judged({ ends: [{ name: "worker-1", closedAt: 0, endedAt: 100, left: ["TCPSocketWrap"] }] })).toBe(
      false,
    );
    expect(judged({ ends: [{ name: "worker-1", closedAt: 0, left: [] }] })).toBe(false);
    expect(judged({ delivery: { ...delivery, misjudged: 1 } })).toBe(false);
    expect(soakResult(result, GROWING).sound).toBe(false);

    const text = "<!-- soak -->\n| worker-1: heap | 7 |\n<!-- end -->";
    expect(withSoak(text, result)).not.toContain("| 7 |");
    expect(withSoak(text, result)).toContain(
      `${delivery.verdict.attempted.toLocaleString("en-US")} jobs tried`,
    );
  },
);

function redis(usedBytesAt: (index: number) => number): ReturnType<typeof seriesOf> {
  const samples = Array.from({ length: 10 }, (_, at) => ({
    at,
    usedBytes: usedBytesAt(at),
    keys: 14,
    clients: 5,
  }));
  return seriesOf({}, samples);
}

const STILL = redis(() => 2_000_000);
const GROWING = redis((index) => 2_000_000 + index * 200_000);
