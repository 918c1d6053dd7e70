import { setTimeout as delay } from "node:timers/promises";
import { MemoryDeadLetterStore } from "@chimera/dlq";
import { LocalQueue, type JournalOptions } from "@chimera/queue-core";
import { CONCURRENCY, QUEUE_NAME, type EmbeddedSystem, type SystemOptions } from "./queue-system.ts";

interface CampaignJob {
  readonly from: string;
}

/** Small enough that a campaign is killed in the middle of compactions too. */
const COMPACT_AT_BYTES = 1_048_576;

/** Chimera's local queue with a journal, each process on one of its own. */
export const chimeraLocal: EmbeddedSystem = {
  kind: "embedded",
  name: "LocalQueue",
  packageName: "@chimera/queue-core",
  durabilities: ["fsync", "os"],
  settings: ({ leaseMs, durability = "fsync" }) => ({
    leaseMs,
    concurrency: CONCURRENCY,
    "journal.durability": durability,
    "journal.compactAtBytes": COMPACT_AT_BYTES,
  }),
  async open(directory, hooks, options) {
    const queue = opened(directory, options);
    const worker = queue.process(async (_payload, job) => hooks.handle(job.id, job.fence), {
      deadLetters: new MemoryDeadLetterStore(),
      concurrency: CONCURRENCY,
      leaseMs: options.leaseMs,
    });
    worker.on("completed", ({ job }) => hooks.settled(job.id, job.fence));
    worker.on("deadLettered", ({ job }) => hooks.letter(job.id, job.fence));
    worker.on("leaseLost", ({ job }) => hooks.stale(job.id, job.fence));
    return {
      async enqueue(ids) {
        const results = await Promise.allSettled(
          ids.map(async (id) => queue.enqueue({ from: "campaign" }, { id })),
        );
        return results.map(({ status }) => status === "fulfilled");
      },
      async idle() {
        // A job whose lease the worker gave up is in nobody's hands until the lease ends.
        for (;;) {
          const { depth, delayed, inFlight } = await queue.metrics();
          if (depth + delayed + inFlight === 0) return;
          await delay(100);
        }
      },
      close: async () => queue.close(),
    };
  },
  async remaining(directory) {
    await using queue = opened(directory, {});
    const { depth, delayed, inFlight } = await queue.metrics();
    return depth + delayed + inFlight;
  },
};

function opened(
  directory: string,
  { durability = "fsync" }: Partial<SystemOptions>,
): LocalQueue<CampaignJob> {
  return new LocalQueue<CampaignJob>(QUEUE_NAME, {
    journal: {
      directory,
      durability: durability as JournalOptions["durability"],
      compactAtBytes: COMPACT_AT_BYTES,
    },
  });
}
