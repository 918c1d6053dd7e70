import { readFileSync } from "node:fs";

import { silentLogger } from "@chimera/dlq";
import { expect, it } from "vitest";

import { readServiceSettings } from "../../src/service-settings.ts";
import { recordingEnvironment } from "../../src/recording-environment.ts";
import { SETTING_DEFAULTS, UNSET_MEANS } from "../../src/setting-defaults.ts";
import { POSTGRES_DEFAULTS, Service } from "../../src/service.ts";
import { SettingsCheck } from "../../src/settings-check.ts";

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

/** What the last column gives for each name: for the service, not for the demo, and without the reason beside it. */
function defaultsInTheTable(): Record<string, string> {
  const rows = ROWS.map(([names = "", , cell = ""]) => {
    const ofService = (/service: (.*)/.exec(cell)?.[1] ?? cell).replaceAll("`", "");
    return { names: names.match(/CHIMERA_[A-Z_]+/g) ?? [], told: ofService };
  });
  const pairs = rows.flatMap(({ names, told }) => {
    const each = told.split(", ");
    return names.map((name, at) => [name, each.length === names.length ? each[at] : told] as const);
  });
  return Object.fromEntries(pairs.map(([name, told = ""]) => [name, told]));
}

/** Variable to default, as the table of options in a store's own README gives them. */
function defaultsOfStore(store: string): Record<string, string> {
  const readme = readFileSync(
    new URL(`../../../../packages/storage-${store}/README.md`, import.meta.url),
    "utf8",
  );
  const rows = readme.split("\n").map((line) => line.split("|"));
  const pairs = rows.flatMap(([, , , cell = "", , variables = ""]) => {
    const each = cell.replaceAll(/[` ]/g, "").split(",");
    const names = variables.match(/(?<=`)[A-Z_]+(?=`)/g) ?? [];
    return names.map((name, at) => [`CHIMERA_${store.toUpperCase()}_${name}`, each[at] ?? ""] as const);
  });
  return Object.fromEntries(pairs);
}

it("the README's table of settings names exactly the variables that the code reads", async () => {
  expect(namesInTheTable()).toEqual(await namesInTheCode());
});

it("the README's table of settings gives the defaults that --print-config shows", async () => {
  const table = defaultsInTheTable();
  const withoutBlanks = (told = ""): string => told.split(":")[0]?.replaceAll(" ", "") ?? "";
  const names = await namesInTheCode();
  const told = names.map((name) => [
    name,
    name in SETTING_DEFAULTS ? withoutBlanks(table[name]) : table[name],
  ]);
  expect(told).toEqual(names.map((name) => [name, SETTING_DEFAULTS[name] ?? UNSET_MEANS[name]]));
});

it("the defaults that --print-config shows are the code's, for what the service itself reads", () => {
  const { host, port, maxBodyBytes, shutdownMs, logLevel } = readServiceSettings({}, new SettingsCheck());
  expect(SETTING_DEFAULTS).toMatchObject({
    CHIMERA_HTTP_HOST: host,
    CHIMERA_HTTP_PORT: String(port),
    CHIMERA_HTTP_MAX_BODY_BYTES: String(maxBodyBytes),
    CHIMERA_SHUTDOWN_MS: String(shutdownMs),
    CHIMERA_LOG_LEVEL: logLevel,
  });
});

it.each(["postgres", "clickhouse"])("they are the defaults that the README of storage-%s gives", (store) => {
  const expected = defaultsOfStore(store);
  const shown = Object.keys(SETTING_DEFAULTS).filter(
    (name) => name in expected && !(name in POSTGRES_DEFAULTS),
  );
  expect(shown.length).toBeGreaterThanOrEqual(12);
  expect(shown.map((name) => [name, expected[name]])).toEqual(
    shown.map((name) => [name, SETTING_DEFAULTS[name]]),
  );
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
