import { readFileSync } from "node:fs";

import { silentLogger } from "@chimera/dlq";
import { expect, it } from "vitest";

import { readServiceSettings } from "../../src/service-settings.ts";
import { Service } from "../../src/service.ts";
import { SettingsCheck } from "../../src/settings-check.ts";
import { recordingEnvironment } from "../../src/recording-environment.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** Every name that is asked for when the service is put together, with a local queue and with Redis. */
async function namesInTheCode(): Promise<string[]> {
  const asked = new Set<string>();
  for (const redis of [{}, { CHIMERA_REDIS_URL: "redis://127.0.0.1:1" }]) {
    const { environment, names } = recordingEnvironment({
      ...redis,
      CHIMERA_POSTGRES_URL: "postgres://127.0.0.1:1/none",
      CHIMERA_CLICKHOUSE_URL: "http://127.0.0.1:1",
    });
    readServiceSettings(environment, new SettingsCheck());
    await using service = await Service.open(environment, { logger: silentLogger });
    expect(service.queue.name).toBe("chimera-demo-quakes");
    for (const name of names) if (name.startsWith("CHIMERA_")) asked.add(name);
  }
  return [...asked].toSorted();
}

/** The names in the first column of the table of settings. */
function namesInTheTable(): string[] {
  const rows = README.split("\n").filter((line) => line.startsWith("| `CHIMERA_"));
  return rows.flatMap((row) => (row.split("|")[1] ?? "").match(/CHIMERA_[A-Z_]+/g) ?? []).toSorted();
}

it("the README's table of settings names exactly the variables that the code reads", async () => {
  expect(namesInTheTable()).toEqual(await namesInTheCode());
});

it("the README gives the last line of the demo as the tests have it", () => {
  expect(README).toContain(
    "demo: enqueued=1707 stored=1664 dead_lettered=43 replayed=43 postgres=1707 clickhouse=1707",
  );
});
