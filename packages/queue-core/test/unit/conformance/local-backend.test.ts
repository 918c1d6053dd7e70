import { ManualClock } from "@chimera/dlq/testing";
import { describe, expect, test } from "vitest";
import { conformanceCases, type ConformanceFixture } from "../../../src/conformance/index.ts";
import { LocalBackend } from "../../../src/local/local-backend.ts";

/** The local queue with time in the test's hand. */
function standingFixture(): ConformanceFixture {
  const clock = new ManualClock();
  return {
    clockStandsStill: true,
    createBackend: async (options) => new LocalBackend("conformance", { ...options, clock }),
    createPeer: async (backend) => backend,
    advanceClock: async (durationMs) => clock.advance(durationMs),
  };
}

/** The local queue as users have it. */
function runningFixture(): ConformanceFixture {
  return {
    createBackend: async (options) => new LocalBackend("conformance", options),
    createPeer: async (backend) => backend,
  };
}

describe.for([
  ["on a manual clock", standingFixture],
  ["on the system's clock", runningFixture],
] as const)("LocalBackend %s", ([, newFixture]) => {
  test.for([...conformanceCases])("rule $rule: $name", async ({ run }, context) => {
    const outcome = await run(newFixture());
    if (outcome) context.skip(outcome.skipped);
    expect(outcome).toBeUndefined();
  });
});
