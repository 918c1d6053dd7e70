import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import { startRedisCluster, type RedisCluster } from "@chimera/test-services";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";
import { produceDuring } from "../support/producer.ts";
import { WorkerProcesses } from "../support/worker-processes.ts";

const PATIENCE = { timeout: 60_000, interval: 50 };
const MASTERS = 3;

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster({ masters: MASTERS, replicas: 1 });
});
afterAll(async () => cluster.stop());

/** A queue whose enqueues wait for a replica, worker processes on it, and the number of the node that holds it. */
async function surroundings(): Promise<{
  backend: RedisBackend;
  workers: WorkerProcesses;
  master: number;
}> {
  const connection = new RedisConnection({
    cluster: { nodes: cluster.addresses },
    commandTimeoutMs: 2_000,
    logger: silentLogger,
  });
  const queue = `failover-${randomUUID()}`;
  const backend = new RedisBackend(queue, connection, { durability: { replicas: 1 } });
  const workers = new WorkerProcesses({
    queue,
    environment: {
      CHIMERA_REDIS_CLUSTER_NODES: cluster.addresses.map(({ host, port }) => `${host}:${port}`).join(),
      CHIMERA_REDIS_COMMAND_TIMEOUT_MS: "2000",
    },
  });
  onTestFinished(async () => {
    await workers[Symbol.asyncDispose]();
    await backend.close();
    connection.close();
  });
  await workers.start();
  const slot = Number((await cluster.command(0, "CLUSTER", "KEYSLOT", `{${queue}:0}`)).slice(1));
  return { backend, workers, master: Math.min(MASTERS - 1, Math.floor((slot * MASTERS) / 16_384)) };
}

/** Resolves once the replica of a master leads its slots. */
async function takenOver(replica: number, patience: typeof PATIENCE = PATIENCE): Promise<void> {
  await vi.waitFor(async () => {
    expect(await cluster.command(replica, "INFO", "replication")).toContain("role:master");
  }, patience);
}

/**
 * Has a replica take over in order. The other masters refuse their vote for a while after the last one, and the server
 * gives such a failover up after 5 s without a word: it is asked for again then, as an operator would.
 */
async function takeOver(replica: number): Promise<void> {
  await vi.waitFor(async () => {
    await cluster.command(replica, "CLUSTER", "FAILOVER");
    await takenOver(replica, { ...PATIENCE, timeout: 5_500 });
  }, PATIENCE);
}

async function expectExact(
  { backend, workers }: { backend: RedisBackend; workers: WorkerProcesses },
  acknowledged: ReadonlySet<string>,
  kind: string,
): Promise<void> {
  await vi.waitFor(async () => {
    expect(await backend.metrics()).toMatchObject({ depth: 0, delayed: 0, inFlight: 0 });
  }, PATIENCE);
  const { effects } = workers;
  expect(acknowledged.size).toBeGreaterThan(0);
  expect(effects.lost(acknowledged)).toEqual([]);
  console.log(`${kind}: ${acknowledged.size} acknowledged, 0 lost, ${effects.doubled} doubled`);
}

test("a replica that takes over in order loses nothing and doubles nothing but what a lease explains", async () => {
  const { backend, workers, master } = await surroundings();
  const { acknowledged } = await produceDuring(backend, async () => {
    await takeOver(MASTERS + master);
    const done = (await backend.metrics()).processed;
    await vi.waitFor(
      async () => expect((await backend.metrics()).processed).toBeGreaterThan(done + 20),
      PATIENCE,
    );
  });
  await expectExact({ backend, workers }, acknowledged, "CLUSTER FAILOVER");
  expect(workers.effects.unexplained).toEqual([]);
  // Back, so that every master leads its slots again.
  await takeOver(master);
}, 180_000);

test("a master that is killed is replaced by its replica, and no confirmed job is lost", async () => {
  const { backend, workers, master } = await surroundings();
  const { acknowledged } = await produceDuring(backend, async () => {
    await vi.waitFor(async () => expect((await backend.metrics()).processed).toBeGreaterThan(20), PATIENCE);
    await cluster.nodes[master]?.kill9();
    await takenOver(MASTERS + master);
    await vi.waitFor(async () => {
      const { processed, depth } = await backend.metrics();
      expect(processed + depth).toBeGreaterThan(0);
    }, PATIENCE);
  });
  // The replica is alone now: what it answers is stored, not confirmed, and so was never acknowledged.
  await expectExact({ backend, workers }, acknowledged, "kill -9 of a master, confirmed by a replica");
}, 180_000);
