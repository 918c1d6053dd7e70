import { describe, expect, it } from "vitest";
import { backoffDelayMs, backoffIssues } from "../../../src/index.ts";

describe("backoffDelayMs", () => {
  it("doubles from 100 ms and stops at the cap when there is no jitter", () => {
    const delays = [1, 2, 3, 4, 20].map((failures) => backoffDelayMs(failures, { jitter: "none" }));
    expect(delays).toEqual([100, 200, 400, 800, 30_000]);
  });

  it("spreads a delay evenly from nothing to its value under full jitter", () => {
    expect(backoffDelayMs(3, {}, () => 0)).toBe(0);
    expect(backoffDelayMs(3, {}, () => 0.5)).toBe(200);
    expect(backoffDelayMs(3, {}, () => 0.999)).toBe(400);
  });

  it("takes a failure count below one for the first", () => {
    expect(backoffDelayMs(0, { jitter: "none" })).toBe(100);
  });

  it("stays at the cap however many failures there were", () => {
    expect(backoffDelayMs(100_000, { jitter: "none" })).toBe(30_000);
  });
});

describe("backoffIssues", () => {
  it("has nothing to say about the defaults", () => {
    expect(backoffIssues({})).toEqual([]);
  });

  it("names each wrong option under its prefix, with its range and what came", () => {
    const wrong = { baseDelayMs: -1, factor: 0.5, maxDelayMs: Infinity, jitter: "some" as "none" };
    expect(backoffIssues(wrong, "retry.")).toEqual([
      "Expected `retry.baseDelayMs` to be a finite number >= 0, got `-1`",
      "Expected `retry.factor` to be a finite number >= 1, got `0.5`",
      "Expected `retry.maxDelayMs` to be a finite number >= 0, got `Infinity`",
      'Expected `retry.jitter` to be one of "full", "none", got `some` (string)',
    ]);
  });
});
