import { Queue, Worker } from "bullmq";
import { ledgerTime } from "../ledger.ts";
import { CONCURRENCY, QUEUE_NAME, type ServerSystem } from "./queue-system.ts";

/** Generous beyond the default of 1: a job that was in several killed workers is to come back each time. */
const MAX_STALLED = 100;
const ATTEMPTS = 10;

/** BullMQ with its own recommendations (docs: "Going to production", "Stalled jobs"), and the campaign's lease. */
export const bullmq: ServerSystem = {
  kind: "server",
  name: "BullMQ",
  packageName: "bullmq",
  durabilities: [],
  settings: ({ leaseMs }) => ({
    lockDuration: leaseMs,
    stalledInterval: leaseMs,
    maxStalledCount: MAX_STALLED,
    attempts: ATTEMPTS,
    "backoff (exponential)": 100,
    concurrency: CONCURRENCY,
    removeOnComplete: true,
    "maxRetriesPerRequest (worker)": "null",
  }),
  async produce(url) {
    const queue = new Queue(QUEUE_NAME, { connection: connection(url) });
    queue.on("error", ignore);
    const options = {
      attempts: ATTEMPTS,
      backoff: { type: "exponential", delay: 100 },
      removeOnComplete: true,
    };
    return {
      async enqueue(ids) {
        const jobs = await queue.addBulk(
          ids.map((id) => ({ name: "job", data: { id }, opts: { ...options, jobId: id } })),
        );
        return jobs.map(() => true);
      },
      close: async () => queue.close(),
    };
  },
  async work(url, hooks, { leaseMs }) {
    // No fence is given to a handler; the time of its start orders the attempts as well.
    const fences = new Map<string, number>();
    const worker = new Worker<{ id: string }>(
      QUEUE_NAME,
      async (job) => {
        const fence = ledgerTime();
        fences.set(job.data.id, fence);
        await hooks.handle(job.data.id, fence);
      },
      {
        connection: { ...connection(url), maxRetriesPerRequest: null },
        concurrency: CONCURRENCY,
        lockDuration: leaseMs,
        stalledInterval: leaseMs,
        maxStalledCount: MAX_STALLED,
      },
    );
    worker.on("completed", (job) => {
      hooks.settled(job.data.id, fences.get(job.data.id) ?? 0);
      fences.delete(job.data.id);
    });
    worker.on("failed", (job) => {
      if (job !== undefined && job.attemptsMade >= ATTEMPTS)
        hooks.letter(job.data.id, fences.get(job.data.id) ?? 0);
    });
    worker.on("error", (error) => {
      const id = /lock for job (\S+?)\.? /.exec(error.message)?.[1];
      if (id !== undefined) hooks.stale(id, fences.get(id) ?? 0);
    });
    return { close: async () => worker.close() };
  },
  async remaining(url) {
    const queue = new Queue(QUEUE_NAME, { connection: connection(url) });
    try {
      const counts = await queue.getJobCounts("waiting", "active", "delayed", "prioritized");
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    } finally {
      await queue.close();
    }
  },
};

function connection(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** BullMQ reconnects by itself; without a listener Node would end the process. */
function ignore(): void {}
