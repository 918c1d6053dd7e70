import { ManualClock } from "@chimera/dlq/testing";
import { LocalBackend } from "@chimera/queue-core";
import { startRedis, type TestService } from "@chimera/test-services";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FOUND_HISTORIES } from "../support/found-histories.ts";
import { history, play, type Step } from "../support/model-history.ts";
import { RedisFixture } from "../support/redis-fixture.ts";

/** Histories of one run; a campaign sets more. */
const RUNS = Number(process.env["CHIMERA_MODEL_RUNS"] ?? 60);

let server: TestService;
let fixture: RedisFixture;
beforeAll(async () => {
  server = await startRedis();
  fixture = new RedisFixture({ connection: { url: server.url }, still: true });
});
afterAll(async () => {
  await fixture.close();
  await server.stop();
});

test("any history looks the same on Redis and in memory", async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.constantFrom(undefined, 3), async (steps, maxDepth) => {
      const limit = maxDepth === undefined ? {} : { maxDepth };
      const clock = new ManualClock();
      const local = {
        backend: new LocalBackend("model", { ...limit, clock }),
        advance: async (ms: number) => clock.advance(ms),
      };
      const redis = {
        backend: await fixture.createBackend(limit),
        advance: async (ms: number) => fixture.advanceClock(ms),
      };
      expect(await play(redis, steps)).toEqual(await play(local, steps));
    }),
    { numRuns: RUNS, examples: FOUND_HISTORIES.map((steps): [Step[], undefined] => [steps, undefined]) },
  );
}, 600_000);
