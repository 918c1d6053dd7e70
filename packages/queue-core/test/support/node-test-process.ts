import { test } from "node:test";
import { ManualClock } from "@chimera/dlq/testing";
import { conformanceCases, type ConformanceFixture } from "../../src/conformance/index.ts";
import { LocalBackend } from "../../src/local/local-backend.ts";

/** The kit in Node's own runner: what a backend's suite looks like there, and in `bun:test` with its `test`. */
const newFixture = (): ConformanceFixture => {
  const clock = new ManualClock();
  return {
    clockStandsStill: true,
    createBackend: async (options) => new LocalBackend("conformance", { ...options, clock }),
    createPeer: async (backend) => backend,
    advanceClock: async (durationMs) => clock.advance(durationMs),
  };
};

for (const { rule, name, run } of conformanceCases) {
  void test(`rule ${rule}: ${name}`, async (context) => {
    const outcome = await run(newFixture());
    if (outcome !== undefined) context.skip(outcome.skipped);
  });
}
