import { MemoryDeadLetterStore } from "@chimera/dlq";
import { RedisQueue } from "@chimera/queue-redis";
import { CONCURRENCY, LEASE_MS, QUEUE_NAME, type QueueSystem } from "./queue-system.ts";

interface CampaignJob {
  readonly from: string;
}

/** Chimera's Redis queue as it comes, but for the campaign's lease and concurrency. */
export const chimeraRedis: QueueSystem = {
  name: "Chimera",
  packageName: "@chimera/queue-redis",
  settings: { leaseMs: LEASE_MS, concurrency: CONCURRENCY },
  async produce(url) {
    const queue = new RedisQueue<CampaignJob>(QUEUE_NAME, { url });
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
  async work(url, hooks) {
    const queue = new RedisQueue<CampaignJob>(QUEUE_NAME, { url });
    const worker = queue.process(async (_payload, job) => hooks.handle(job.id, job.fence), {
      // No handler of the campaign fails by itself: a letter here would show as a lost job.
      deadLetters: new MemoryDeadLetterStore(),
      concurrency: CONCURRENCY,
      leaseMs: LEASE_MS,
    });
    worker.on("completed", ({ job }) => hooks.settled(job.id, job.fence));
    worker.on("leaseLost", ({ job }) => hooks.stale(job.id, job.fence));
    return { close: async () => queue.close() };
  },
  async remaining(url) {
    const queue = new RedisQueue<CampaignJob>(QUEUE_NAME, { url });
    try {
      const { depth, delayed, inFlight } = await queue.metrics();
      return depth + delayed + inFlight;
    } finally {
      await queue.close();
    }
  },
};
