import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import type { Delivery } from "@chimera/queue-core";
import { startRedisCluster, type RedisCluster } from "@chimera/test-services";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";
import { choosePartition } from "../../src/partition-choice.ts";

const PARTITIONS = 3;
const SILENT = 1;

let cluster: RedisCluster;
beforeAll(async () => {
  // The other nodes go on without the one that is silent.
  cluster = await startRedisCluster({ config: ["cluster-require-full-coverage no"] });
});
afterAll(async () => cluster.stop());

/** A queue each of whose partitions is on a node of its own, and the number of those nodes. */
async function spreadQueue(): Promise<{ name: string; nodes: readonly number[] }> {
  for (;;) {
    const name = `silent-${randomUUID()}`;
    const nodes = await Promise.all(
      Array.from({ length: PARTITIONS }, async (_, partition) => {
        const reply = await cluster.command(0, "CLUSTER", "KEYSLOT", `{${name}:${partition}}`);
        return Math.min(2, Math.floor((Number(reply.slice(1)) * 3) / 16_384));
      }),
    );
    if (new Set(nodes).size === PARTITIONS) return { name, nodes };
  }
}

test("a partition that does not answer holds up nothing that others have handed out, and what it hands out late comes back", async () => {
  const { name, nodes } = await spreadQueue();
  const connection = new RedisConnection({ cluster: { nodes: cluster.addresses }, logger: silentLogger });
  const backend = new RedisBackend(name, connection, { partitions: PARTITIONS });
  onTestFinished(async () => {
    await backend.close();
    connection.close();
  });
  const ids = Array.from({ length: 60 }, (_, index) => `job-${index}`);
  await backend.enqueue(ids.map((id) => ({ id, body: "" })));
  const silent = ids.filter((id) => choosePartition(id, PARTITIONS) === SILENT);
  const others = ids.filter((id) => !silent.includes(id));

  const { pid = 0 } = cluster.nodes[nodes[SILENT] as number] ?? {};
  process.kill(pid, "SIGSTOP");
  onTestFinished(() => void process.kill(pid, "SIGCONT"));
  const handedOut: Delivery[] = [];
  while (handedOut.length < others.length) {
    const askedAt = performance.now();
    const deliveries = await backend.dequeue({ max: 15, leaseMs: 60_000 });
    expect(performance.now() - askedAt).toBeLessThan(1_500);
    expect(deliveries.length).toBeGreaterThan(0);
    handedOut.push(...deliveries);
  }
  expect(handedOut.map(({ job }) => job.id).toSorted()).toEqual(others.toSorted());

  process.kill(pid, "SIGCONT");
  const late = new Set<string>();
  await vi.waitFor(
    async () => {
      for (const { job, deliveryCount } of await backend.dequeue({ max: 60, leaseMs: 60_000 })) {
        expect(deliveryCount).toBe(1);
        late.add(job.id);
      }
      expect(late).toEqual(new Set(silent));
    },
    { timeout: 15_000, interval: 50 },
  );
});
