import { ok } from "node:assert";
import { expect, test } from "vitest";
import {
  runConformance,
  type ConformanceCase,
  type FixtureBackendOptions,
} from "../../../src/conformance/index.ts";
import { LocalBackend } from "../../../src/local/local-backend.ts";

const fixture = {
  createBackend: async (options?: FixtureBackendOptions) => new LocalBackend("report", options),
};

const caseOf = (rule: number, run: ConformanceCase["run"]): ConformanceCase => ({
  rule,
  name: `case of rule ${rule}`,
  needs: [],
  run,
});

test("the report says what passed, failed and was skipped, with the reason, and which rules were not tried", async () => {
  const report = await runConformance(fixture, {
    timeoutMs: 50,
    cases: [
      caseOf(7, async () => undefined),
      caseOf(5, async () => {
        ok(false, "five is broken");
      }),
      caseOf(3, async () => ({ skipped: "the fixture lacks advanceClock" })),
      caseOf(2, async () => new Promise(() => undefined)),
      caseOf(7, async () => ({ skipped: "not here" })),
    ],
  });
  expect(report).toMatchObject({ passed: false, failedRules: [2, 5], untriedRules: [3] });
  expect(report.cases.map(({ status, reason }) => reason ?? status)).toEqual([
    "passed",
    "failed",
    "the fixture lacks advanceClock",
    "failed",
    "not here",
  ]);
  expect(report.cases[1]?.error).toMatchObject({ message: "five is broken" });
  expect(report.cases[3]?.error).toMatchObject({ message: "Expected the case to end within 50 ms" });
});

test("the local queue passes without any runner, and what its fixture cannot stage is skipped", async () => {
  const report = await runConformance(fixture);
  expect(report.cases.filter(({ status }) => status === "failed")).toEqual([]);
  expect(report.passed).toBe(true);
  expect(report.cases.find(({ reason }) => reason === "the fixture lacks restartServer")).toBeDefined();
});
