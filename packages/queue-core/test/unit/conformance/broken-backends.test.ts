import { beforeAll, expect, test } from "vitest";
import { conformanceCases, runConformance } from "../../../src/conformance/index.ts";
import { BROKEN_10_TO_19 } from "./broken-10-to-19.ts";
import { BROKEN_1_TO_9 } from "./broken-1-to-9.ts";
import { brokenFixture } from "./broken-backend.ts";

/** Long enough for every case, and short for those that a fault makes wait for ever. */
const TIMEOUT_MS = 2_000;

const BROKEN_BACKENDS = [...BROKEN_1_TO_9, ...BROKEN_10_TO_19];

const failedRules: Record<string, readonly number[]> = {};

const nameOf = ({ rule, fault }: { readonly rule: number; readonly fault: string }): string =>
  `rule ${rule}: ${fault}`;

beforeAll(async () => {
  for (const broken of BROKEN_BACKENDS) {
    const report = await runConformance(brokenFixture(broken), { timeoutMs: TIMEOUT_MS });
    failedRules[nameOf(broken)] = report.failedRules;
  }
}, 60_000);

test.for(BROKEN_BACKENDS.map((broken) => [nameOf(broken), broken.rule] as const))(
  "the kit finds %s",
  ([name, rule]) => {
    expect(failedRules[name]).toContain(rule);
  },
);

test("which other rules each broken backend fails is as it was", async () => {
  // After a change of the kit: look at the difference, then `vitest run --update`.
  const lines = Object.entries(failedRules).map(
    ([name, rules]) => `  ${JSON.stringify(name)}: [${rules.join(", ")}]`,
  );
  await expect(`{\n${lines.join(",\n")}\n}\n`).toMatchFileSnapshot("failed-rules.json");
});

test("there is a case and a broken backend for every rule", () => {
  const rules = Array.from({ length: 19 }, (_, index) => index + 1);
  const rulesOf = (items: readonly { readonly rule: number }[]): number[] =>
    [...new Set(items.map(({ rule }) => rule))].toSorted((left, right) => left - right);
  expect(rulesOf(conformanceCases)).toEqual(rules);
  expect(rulesOf(BROKEN_BACKENDS)).toEqual(rules);
});
