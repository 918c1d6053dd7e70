import { readFileSync } from "node:fs";

import { silentLogger } from "@chimera/dlq";
import { expect, it } from "vitest";

import { readServiceSettings } from "../../src/service-settings.ts";
import { DEFAULT_CONCURRENCY, POSTGRES_DEFAULTS, Service } from "../../src/service.ts";
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

/** The cells of the table of settings. */
const ROWS = README.split("\n")
  .filter((line) => line.startsWith("| `CHIMERA_"))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));

/** The names in the first column of the table of settings. */
function namesInTheTable(): string[] {
  return ROWS.flatMap(([names = ""]) => names.match(/CHIMERA_[A-Z_]+/g) ?? []).toSorted();
}

/** What its last column begins with. */
function defaultInTheTable(name: string): string {
  const row = ROWS.find(([names = ""]) => names.includes(`\`${name}\``));
  return row?.at(-1)?.split(":")[0]?.replaceAll("`", "").replaceAll(" ", "") ?? "";
}

it("the README's table of settings names exactly the variables that the code reads", async () => {
  expect(namesInTheTable()).toEqual(await namesInTheCode());
});

it("the README's table of settings gives the service's own defaults as the code has them", () => {
  const { host, port, maxBodyBytes, shutdownMs, logLevel } = readServiceSettings({}, new SettingsCheck());
  const own = {
    CHIMERA_HTTP_HOST: `${host},${port}`,
    CHIMERA_HTTP_MAX_BODY_BYTES: String(maxBodyBytes),
    CHIMERA_SHUTDOWN_MS: String(shutdownMs),
    CHIMERA_LOG_LEVEL: logLevel,
    CHIMERA_WORKER_CONCURRENCY: String(DEFAULT_CONCURRENCY),
    ...POSTGRES_DEFAULTS,
  };
  const told = Object.keys(own).map((name) => [name, defaultInTheTable(name)]);
  expect(Object.fromEntries(told)).toEqual(own);
});

it("the README gives the last line of the demo as the tests have it", () => {
  expect(README).toContain(
    "demo: enqueued=1707 stored=1664 dead_lettered=43 replayed=43 postgres=1707 clickhouse=1707",
  );
});

it("an outage of a minute of each server lost, doubled and dead-lettered nothing under a load that was taken", () => {
  const { outages, ...sums } = JSON.parse(
    readFileSync(new URL("../campaigns/outage.json", import.meta.url), "utf8"),
  ) as { outages: { server: string; outageMs: number; acceptedBefore: number }[]; [sum: string]: unknown };
  expect(outages.map(({ server }) => server)).toEqual(["postgres", "clickhouse", "redis"]);
  for (const { outageMs, acceptedBefore } of outages) {
    expect(outageMs).toBeGreaterThanOrEqual(60_000);
    expect(acceptedBefore).toBeGreaterThanOrEqual(400);
  }
  expect(sums).toMatchObject({
    acceptedMissingInPostgres: 0,
    acceptedMissingInClickHouse: 0,
    deadLettered: 0,
  });
});
