import type { QueueMetrics } from "@chimera/queue-core";
import { MemoryDeadLetterStore } from "@chimera/dlq";
import { type EnqueueDurability, RedisQueue } from "@chimera/queue-redis";
import { CONCURRENCY, QUEUE_NAME, type ServerSystem } from "./queue-system.ts";

interface CampaignJob {
  readonly from: string;
}

const DURABILITIES: Readonly<Record<string, EnqueueDurability>> = {
  memory: "memory",
  replicas: { replicas: 1 },
  fsync: "fsync",
};

/** Chimera's Redis queue as it comes, but for the campaign's lease and concurrency. */
export const chimeraRedis: ServerSystem = {
  kind: "server",
  name: "RedisQueue",
  packageName: "@chimera/queue-redis",
  durabilities: Object.keys(DURABILITIES),
  settings: ({ leaseMs, durability = "memory" }) => ({ leaseMs, concurrency: CONCURRENCY, durability }),
  // A fence is the server's time in microseconds, or one more than the last.
  handedOutAt: (fence) => fence / 1_000,
  async produce(url, { durability = "memory" }) {
    const queue = new RedisQueue<CampaignJob>(QUEUE_NAME, {
      url,
      durability: DURABILITIES[durability] ?? "memory",
    });
    return {
      async enqueue(ids) {
        // Calls of one tick travel as one batch.
        const results = await Promise.allSettled(
          ids.map(async (id) => queue.enqueue({ from: "campaign" }, { id })),
        );
        return results.map(({ status }) => status === "fulfilled");
      },
      close: async () => queue.close(),
    };
  },
  async work(url, hooks, { leaseMs }) {
    const queue = new RedisQueue<CampaignJob>(QUEUE_NAME, { url });
    const worker = queue.process(async (_payload, job) => hooks.handle(job.id, job.fence), {
      deadLetters: new MemoryDeadLetterStore(),
      concurrency: CONCURRENCY,
      leaseMs,
    });
    worker.on("completed", ({ job }) => hooks.settled(job.id, job.fence));
    worker.on("deadLettered", ({ job }) => hooks.letter(job.id, job.fence));
    worker.on("leaseLost", ({ job }) => hooks.stale(job.id, job.fence));
    return { close: async () => queue.close() };
  },
  async remaining(url) {
    const { depth, delayed, inFlight } = await metricsOf(url);
    return depth + delayed + inFlight;
  },
  async counters(url) {
    const { enqueued, processed, deadLettered } = await metricsOf(url);
    return { stored: enqueued, ended: processed + deadLettered };
  },
};

async function metricsOf(url: string): Promise<QueueMetrics> {
  await using queue = new RedisQueue<CampaignJob>(QUEUE_NAME, { url });
  return await queue.metrics();
}
