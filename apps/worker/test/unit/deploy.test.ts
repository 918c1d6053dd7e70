import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";

import { exposedMetrics } from "../support/exposed-metrics.ts";

const DEPLOY = new URL("../../deploy/", import.meta.url);
const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;
if (!hasPromtool) {
  process.stderr.write("skipped: promtool is not on the PATH (Debian's package prometheus)\n");
}

function text(file: string): string {
  return readFileSync(new URL(file, DEPLOY), "utf8");
}

/** Every value under one of these keys, however deep. */
function valuesOf(keys: readonly string[], node: unknown): unknown[] {
  if (typeof node !== "object" || node === null) return [];
  const found: unknown[] = [];
  for (const [key, value] of Object.entries(node as Record<string, unknown>)) {
    if (keys.includes(key)) found.push(value);
    found.push(...valuesOf(keys, value));
  }
  return found;
}

/** The documents of a file. @throws when one cannot be parsed. */
function documents(file: string): unknown[] {
  return parseAllDocuments(text(file)).map((document) => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
    return document.toJS() as unknown;
  });
}

/** The queries of the dashboard and of the autoscaler, as Grafana would send them. */
function queries(): string[] {
  const found = [
    ...valuesOf(["expr"], JSON.parse(text("grafana-dashboard.json"))),
    ...valuesOf(["query"], documents("keda.yaml")),
  ] as string[];
  expect(found.length).toBeGreaterThan(30);
  return found.map((query) => query.replaceAll("$__rate_interval", "1m").replaceAll("$job", ".*"));
}

describe("the dashboard and the autoscaler", () => {
  let exposed: string;
  beforeAll(async () => {
    exposed = await exposedMetrics();
  });

  it("ask for metrics that the service has", () => {
    const types = new Map(
      [...exposed.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]),
    );
    const asked = queries().flatMap((query) => query.match(/\b(?:chimera|process|nodejs)_\w+/g) ?? []);
    const unknown = asked.filter(
      (name) => !types.has(name) && types.get(name.replace(/_(?:bucket|sum|count)$/, "")) !== "histogram",
    );
    expect(unknown).toEqual([]);
  });

  it("show every metric of the service's own", () => {
    const own = [...exposed.matchAll(/^# TYPE (chimera_\w+) /gm)].map(([, name]) => name ?? "");
    const shown = queries().join("\n");
    const diagnostic = [
      "chimera_queue_paused",
      "chimera_postgres_pool_wait_seconds_total",
      "chimera_postgres_connections_created_total",
      "chimera_postgres_connect_failures_total",
      "chimera_postgres_connections_discarded_total",
      "chimera_clickhouse_buffered_rows",
    ];
    expect(new Set(own.filter((name) => !shown.includes(name)))).toEqual(new Set(diagnostic));
  });

  it.runIf(hasPromtool)("are PromQL", () => {
    const rules = queries().map((expr, index) => ({ record: `query:${index}`, expr }));
    const file = join(mkdtempSync(join(tmpdir(), "chimera-rules-")), "rules.yaml");
    writeFileSync(file, stringify({ groups: [{ name: "queries", rules }] }));
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file]);
    rmSync(dirname(file), { recursive: true });
    expect({ status, said: stderr.toString() }).toEqual({ status: 0, said: "" });
    expect(stdout.toString()).toContain("SUCCESS");
  });
});

describe("compose and Kubernetes", () => {
  it("set only variables that the service reads", () => {
    const worker = documents("compose.yaml").flatMap((file) => valuesOf(["worker"], file));
    const set = [
      ...valuesOf(["environment"], worker).flatMap((variables) => Object.keys(variables as object)),
      ...(valuesOf(["env"], documents("kubernetes.yaml")).flat() as { name: string }[]).map(
        ({ name }) => name,
      ),
      ...(text("kubernetes.yaml").match(/CHIMERA_\w+/g) ?? []),
      ...(text("Dockerfile").match(/CHIMERA_\w+/g) ?? []),
    ];
    expect(set.length).toBeGreaterThan(10);
    expect(set.filter((name) => !README.includes(`\`${name}\``))).toEqual([]);
  });

  it("give the service longer to end than it takes", () => {
    const [compose, kubernetes] = [text("compose.yaml"), text("kubernetes.yaml")];
    const seconds = (pattern: RegExp, file: string): number => Number(pattern.exec(file)?.[1]);
    expect(seconds(/stop_grace_period: (\d+)s/, compose) * 1_000).toBeGreaterThan(
      seconds(/CHIMERA_SHUTDOWN_MS: "(\d+)"/, compose),
    );
    expect(seconds(/terminationGracePeriodSeconds: (\d+)/, kubernetes) * 1_000).toBeGreaterThan(
      seconds(/CHIMERA_SHUTDOWN_MS, value: "(\d+)"/, kubernetes),
    );
  });

  it("scale what is there", () => {
    const kinds = documents("kubernetes.yaml") as { kind: string; metadata: { name: string } }[];
    const [target] = valuesOf(["scaleTargetRef"], documents("keda.yaml")) as [{ kind: string; name: string }];
    expect(kinds.map(({ kind, metadata }) => ({ kind, name: metadata.name }))).toContainEqual(target);
  });
});

describe("every file to deploy", () => {
  it.each(["Dockerfile", "compose.yaml", "kubernetes.yaml", "keda.yaml", "grafana-dashboard.json"])(
    "%s says what was tried and what was not",
    (file) => {
      expect(text(file)).toMatch(/Tried: .*Not tried: /);
    },
  );

  it("the image starts a file that is there", () => {
    const [, entry = ""] = /^CMD \["node", "(.+)"\]$/m.exec(text("Dockerfile")) ?? [];
    expect(existsSync(new URL(`../${entry}`, DEPLOY))).toBe(true);
  });
});
