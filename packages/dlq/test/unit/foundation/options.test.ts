import { describe, expect, it } from "vitest";
import { choiceIssue, integerIssue, issuesOf, numberIssue, silentLogger } from "../../../src/index.ts";

describe("option checks", () => {
  it("have nothing to say about values in range, ends included", () => {
    expect(
      issuesOf(
        integerIssue("n", 1, { min: 1, max: 3 }),
        integerIssue("n", 3, { min: 1, max: 3 }),
        numberIssue("n", 0.5, { min: 0 }),
        choiceIssue("n", "a", ["a", "b"]),
      ),
    ).toEqual([]);
  });

  it("name the option, its range and what came", () => {
    expect(
      issuesOf(
        integerIssue("poolSize", 0, { min: 1, max: 1_000 }),
        integerIssue("poolSize", 1.5, { min: 1 }),
        integerIssue("poolSize", "5", { min: 1 }),
        numberIssue("factor", Number.NaN, { min: 1 }),
        numberIssue("factor", null, { min: 1 }),
        choiceIssue("mode", undefined, ["a", "b"]),
      ),
    ).toEqual([
      "Expected `poolSize` to be an integer from 1 to 1_000, got `0`",
      "Expected `poolSize` to be an integer >= 1, got `1.5`",
      "Expected `poolSize` to be an integer >= 1, got `5` (string)",
      "Expected `factor` to be a finite number >= 1, got `NaN`",
      "Expected `factor` to be a finite number >= 1, got null",
      'Expected `mode` to be one of "a", "b", got undefined',
    ]);
  });

  it("show long texts only in part", () => {
    expect(choiceIssue("mode", "x".repeat(500), ["a"])?.length).toBeLessThan(100);
  });
});

describe("silentLogger", () => {
  it("takes every level and says nothing", () => {
    const levels = ["debug", "info", "warn", "error"] as const;
    for (const level of levels) expect(silentLogger[level]("event")).toBeUndefined();
  });
});
