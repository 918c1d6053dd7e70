import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import { deadLetterStoreCases } from "@chimera/dlq/conformance";
import { startRedis, startRedisCluster } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RedisConnection, RedisDeadLetterStore, type RedisConnectionOptions } from "../../src/index.ts";

describe.for([
  ["one Redis", oneServer],
  ["a cluster of three nodes", threeNodes],
] as const)("dead letters on %s", ([, start]) => {
  let connection: RedisConnection;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const server = await start();
    stop = server.stop;
    connection = new RedisConnection({ ...server.options, logger: silentLogger });
  });
  afterAll(async () => {
    connection.close();
    await stop();
  });

  test.for([...deadLetterStoreCases])("$name", async ({ run }, context) => {
    const name = `case-${randomUUID()}`;
    await using store = new RedisDeadLetterStore({ connection, name });
    const outcome = await run({
      store,
      openAnother: async () => new RedisDeadLetterStore({ connection, name }),
    });
    if (outcome) context.skip(outcome.skipped);
    expect(outcome).toBeUndefined();
  });
});

interface Started {
  readonly options: RedisConnectionOptions;
  readonly stop: () => Promise<void>;
}

async function oneServer(): Promise<Started> {
  const server = await startRedis();
  return { options: { url: server.url }, stop: async () => server.stop() };
}

async function threeNodes(): Promise<Started> {
  const cluster = await startRedisCluster();
  return { options: { cluster: { nodes: cluster.addresses } }, stop: async () => cluster.stop() };
}
