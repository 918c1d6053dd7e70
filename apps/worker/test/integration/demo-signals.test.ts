import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";

import { DemoPlace } from "../support/demo-process.ts";

const WEEK = fileURLToPath(new URL("../../data/earthquakes.geojson", import.meta.url));

/** Enough events that the demo is still at work when it is told to stop. */
function manyEvents(): string {
  const week = JSON.parse(readFileSync(WEEK, "utf8")) as { features: { id: string }[] };
  const features = Array.from({ length: 10 }, (_, time) =>
    week.features.map((feature) => Object.assign({}, feature, { id: `${feature.id}-${time}` })),
  ).flat();
  return JSON.stringify({ type: "FeatureCollection", features });
}

/** Processes whose command line or open directory is in `directory`. */
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

it.each([
  ["SIGINT", 130, false],
  ["SIGTERM", 143, false],
  ["SIGKILL", null, true],
] as const)(
  "%s leaves no process and no lock, and the next start works",
  async (signal, code, leavesPidFile) => {
    using place = new DemoPlace();
    let sent = false;
    const ended = await place.run(["--file", "-"], {
      input: manyEvents(),
      onOutput(child, out) {
        if (sent || !out.includes("17070 earthquakes")) return;
        sent = true;
        setTimeout(() => child.kill(signal), 200);
      },
    });
    expect(ended).toMatchObject({ code });
    expect(ended.out).not.toContain("demo:");
    await vi.waitFor(() => expect(processesIn(place.path)).toEqual([]), { timeout: 5_000 });
    expect(readdirSync(place.path).includes("demo.pid")).toBe(leavesPidFile);
    expect((await place.run([])).lastLine).toMatch(/postgres=1707 clickhouse=1707$/);
  },
  60_000,
);

it("a second demo in the same directory is refused, and hurts the first as little as a kill does", async () => {
  using place = new DemoPlace();
  let second: Promise<unknown> | undefined;
  const first = await place.run([], {
    onOutput() {
      second ??= place.run([]);
    },
  });
  expect(await second).toMatchObject({
    code: 2,
    out: "",
    err: expect.stringMatching(/another demo \(process \d+\)/) as string,
  });
  expect(first.code).toBe(0);
}, 60_000);
