import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";

import { DemoPlace } from "../support/demo-process.ts";
import type { DemoResult } from "../support/demo-process.ts";

const WEEK = fileURLToPath(new URL("../../data/earthquakes.geojson", import.meta.url));

/** Enough events that the demo is still at work when it is told to stop. */
function manyEvents(): string {
  const week = JSON.parse(readFileSync(WEEK, "utf8")) as { features: { id: string }[] };
  const features = Array.from({ length: 10 }, (_, time) =>
    week.features.map((feature) => Object.assign({}, feature, { id: `${feature.id}-${time}` })),
  ).flat();
  return JSON.stringify({ type: "FeatureCollection", features });
}

/** A demo that got `signal` in the middle of its work. */
async function interrupted(place: DemoPlace, signal: NodeJS.Signals): Promise<DemoResult> {
  let sent = false;
  return place.run(["--file", "-"], {
    input: manyEvents(),
    onOutput(child, out) {
      if (sent || !out.includes("17070 earthquakes")) return;
      sent = true;
      setTimeout(() => child.kill(signal), 200);
    },
  });
}

/** Processes that work on files in `directory`. */
function processesIn(directory: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(directory);
      } catch {
        return false;
      }
    });
}

it("a demo that is interrupted or killed leaves no process and no lock: each next start works", async () => {
  using place = new DemoPlace();
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGKILL", null],
  ] as const) {
    const ended = await interrupted(place, signal);
    expect(ended).toMatchObject({ code });
    expect(ended.out).toContain("17070 earthquakes");
    expect(ended.out).not.toContain("demo:");
    await vi.waitFor(() => expect(processesIn(place.path)).toEqual([]), { timeout: 5_000 });
  }
  expect(await place.run([])).toMatchObject({
    code: 0,
    lastLine: "demo: enqueued=1707 stored=1664 dead_lettered=43 replayed=43 postgres=1707 clickhouse=1707",
  });
}, 120_000);

it("a second demo in the same directory is refused and does no harm to the first", async () => {
  using place = new DemoPlace();
  let second: Promise<unknown> | undefined;
  const first = await place.run([], {
    onOutput(child) {
      if (second !== undefined) return;
      // Held until the second has ended: otherwise the first may be done before the second has started.
      child.kill("SIGSTOP");
      second = place.run([]).finally(() => child.kill("SIGCONT"));
    },
  });
  expect(await second).toMatchObject({
    code: 2,
    out: "",
    err: expect.stringMatching(/another demo \(process \d+\) is running/) as string,
  });
  expect(first.code).toBe(0);
}, 120_000);
