import { conformanceCases } from "@chimera/queue-core/conformance";
import { startRedisCluster, type RedisCluster } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RedisFixture } from "../support/redis-fixture.ts";

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(async () => cluster.stop());

describe("the protocol on a cluster of three nodes", () => {
  let fixture: RedisFixture;
  beforeAll(() => {
    fixture = new RedisFixture({ connection: { cluster: { nodes: cluster.addresses } } });
  });
  afterAll(async () => fixture.close());

  for (const each of conformanceCases) {
    test(`rule ${each.rule}: ${each.name}`, async (context) => {
      const outcome = await each.run(fixture);
      if (outcome !== undefined) context.skip(outcome.skipped);
      expect(outcome).toBeUndefined();
    });
  }
});
