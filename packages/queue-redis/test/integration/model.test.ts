import { ManualClock } from "@chimera/dlq/testing";
import { LocalBackend } from "@chimera/queue-core";
import { startRedis, startRedisCluster, type TestService } from "@chimera/test-services";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RedisConnectionOptions } from "../../src/index.ts";
import { FOUND_HISTORIES } from "../support/found-histories.ts";
import { history, play, type Played, type Step } from "../support/model-history.ts";
import { keptTogether, PartitionedOracle } from "../support/partitioned-oracle.ts";
import { RedisFixture } from "../support/redis-fixture.ts";

/** Histories of one test where a campaign sets them; 2 000 altogether otherwise, most of them where they are cheapest. */
const RUNS = process.env["CHIMERA_MODEL_RUNS"];

interface Started {
  readonly connection: RedisConnectionOptions;
  readonly stop: () => Promise<void>;
}

describe.for([
  ["one Redis", oneServer, { 1: 1_600, 3: 200 }],
  ["a cluster of three nodes", threeNodes, { 1: 100, 3: 100 }],
] as const)("any history looks the same in memory and on %s", ([, start, histories]) => {
  let started: Started;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(async () => started.stop());

  test.for([1, 3] as const)("over %i partitions", { timeout: 600_000 }, async (partitions) => {
    const fixture = new RedisFixture({ connection: started.connection, partitions, still: true });
    await fc.assert(
      fc.asyncProperty(history, fc.constantFrom(undefined, 3), async (anySteps, maxDepth) => {
        const steps = keptTogether(anySteps, partitions);
        const limit = maxDepth === undefined ? {} : { maxDepth };
        const backend = await fixture.createBackend(limit);
        const redis = { backend, advance: async (ms: number) => fixture.advanceClock(ms) };
        expect(await play(redis, steps)).toEqual(await play(inMemory(partitions, limit), steps));
        for (const { kept, counted } of await fixture.layout()) expect(kept).toEqual(counted);
        await fixture.discard(backend);
      }),
      {
        numRuns: Number(RUNS ?? histories[partitions]),
        examples: FOUND_HISTORIES.map((steps): [Step[], undefined] => [steps, undefined]),
      },
    );
    await fixture.close();
  });
});

function inMemory(partitions: number, limit: { readonly maxDepth?: number }): Played {
  const clock = new ManualClock();
  const options = { ...limit, clock };
  const backend =
    partitions === 1
      ? new LocalBackend("model", options)
      : new PartitionedOracle("model", { ...options, partitions });
  return { backend, advance: async (ms) => clock.advance(ms) };
}

async function oneServer(): Promise<Started> {
  const server: TestService = await startRedis();
  return { connection: { url: server.url }, stop: async () => server.stop() };
}

async function threeNodes(): Promise<Started> {
  const cluster = await startRedisCluster();
  return { connection: { cluster: { nodes: cluster.addresses } }, stop: async () => cluster.stop() };
}
