import fc from "fast-check";
import { expect, test } from "vitest";
import { checkAgainstModel } from "../../src/conformance/index.ts";
import { LocalBackend } from "../../src/local/local-backend.ts";
import { HandClock } from "../property/hand-clock.ts";
import { NaiveQueue } from "../property/naive-queue.ts";

/** The first histories of `model-check.test.ts`, always the same ones: a mutant lives or dies by its own doing. */
test("150 histories are answered as the rules answer them", { timeout: 60_000 }, async () => {
  let clock = new HandClock();
  const check = checkAgainstModel(
    fc,
    {
      createBackend: async (limits) => {
        clock = new HandClock();
        return new LocalBackend("mutated", { ...limits, clock });
      },
      advanceClock: async (durationMs) => clock.advance(durationMs),
    },
    { runs: 150, seed: 4, createOracle: (oracle, { maxDepth }) => new NaiveQueue(oracle, maxDepth) },
  );
  await expect(check).resolves.toBeUndefined();
});
