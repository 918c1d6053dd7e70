import { systemClock } from "@chimera/dlq";
import { conformanceCases } from "./cases.ts";
import type { ConformanceCase, ConformanceFixture } from "./conformance-case.ts";

/** How one case ended. */
export interface CaseReport {
  readonly rule: number;
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it failed. */
  readonly error?: unknown;
  /** Why it was skipped. */
  readonly reason?: string;
  readonly durationMs: number;
}

export interface ConformanceReport {
  readonly cases: readonly CaseReport[];
  /** Rules with a case that failed, in order. */
  readonly failedRules: readonly number[];
  /** Rules of which no case could be run, in order. */
  readonly untriedRules: readonly number[];
  readonly passed: boolean;
}

export interface RunConformanceOptions {
  /** Milliseconds after which a case has failed. @defaultValue 20_000 */
  readonly timeoutMs?: number;
  /** The cases to run. @defaultValue all of them */
  readonly cases?: readonly ConformanceCase[];
}

/** Runs the kit without any test runner, one case after the other, and reports. Never rejects for a case that fails. */
export async function runConformance(
  fixture: ConformanceFixture,
  { timeoutMs = 20_000, cases = conformanceCases }: RunConformanceOptions = {},
): Promise<ConformanceReport> {
  const reports: CaseReport[] = [];
  for (const each of cases) reports.push(await runCase(each, fixture, timeoutMs));
  const rulesWith = (matches: (report: CaseReport) => boolean): number[] => [
    ...new Set(reports.filter(matches).map(({ rule }) => rule)),
  ];
  const tried = new Set(rulesWith(({ status }) => status !== "skipped"));
  const failedRules = rulesWith(({ status }) => status === "failed").toSorted(ascending);
  return {
    cases: reports,
    failedRules,
    untriedRules: rulesWith(({ rule }) => !tried.has(rule)).toSorted(ascending),
    passed: failedRules.length === 0,
  };
}

async function runCase(
  { rule, name, run }: ConformanceCase,
  fixture: ConformanceFixture,
  timeoutMs: number,
): Promise<CaseReport> {
  const started = systemClock.monotonic();
  const report = (rest: Omit<CaseReport, "rule" | "name" | "durationMs">): CaseReport => ({
    rule,
    name,
    ...rest,
    durationMs: Math.round(systemClock.monotonic() - started),
  });
  try {
    const outcome = await withTimeout(run(fixture), timeoutMs);
    return outcome === undefined
      ? report({ status: "passed" })
      : report({ status: "skipped", reason: outcome.skipped });
  } catch (error) {
    return report({ status: "failed", error });
  }
}

async function withTimeout<Value>(running: Promise<Value>, timeoutMs: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.schedule(
      () => reject(new Error(`Expected the case to end within ${timeoutMs} ms`)),
      timeoutMs,
    );
    running.then(resolve, reject).finally(() => timer.cancel());
  });
}

function ascending(left: number, right: number): number {
  return left - right;
}
