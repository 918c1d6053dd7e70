import BeeQueue from "bee-queue";
import { ledgerTime } from "../ledger.ts";
import { CONCURRENCY, QUEUE_NAME, type ServerSystem } from "./queue-system.ts";

const RETRIES = 10;

/** bee-queue with its own recommendations (README, "Optimizing redis connections", "Stalling jobs"), and the campaign's lease. */
export const beeQueue: ServerSystem = {
  kind: "server",
  name: "bee-queue",
  packageName: "bee-queue",
  durabilities: [],
  settings: ({ leaseMs }) => ({
    stallInterval: leaseMs,
    "checkStalledJobs (ms)": leaseMs,
    nearTermWindow: leaseMs,
    activateDelayedJobs: true,
    removeOnSuccess: true,
    retries: RETRIES,
    "backoff (exponential)": 100,
    concurrency: CONCURRENCY,
  }),
  async produce(url) {
    const queue = new BeeQueue<{ id: string }>(QUEUE_NAME, {
      redis: { url },
      isWorker: false,
      getEvents: false,
      sendEvents: false,
    });
    queue.on("error", ignore);
    return {
      async enqueue(ids) {
        const jobs = ids.map((id) =>
          queue.createJob({ id }).setId(id).retries(RETRIES).backoff("exponential", 100),
        );
        const errors = await queue.saveAll(jobs);
        return jobs.map((job) => !errors.has(job));
      },
      close: async () => queue.close(),
    };
  },
  async work(url, hooks, { leaseMs }) {
    const queue = new BeeQueue<{ id: string }>(QUEUE_NAME, {
      redis: { url },
      stallInterval: leaseMs,
      nearTermWindow: leaseMs,
      activateDelayedJobs: true,
      removeOnSuccess: true,
      getEvents: false,
      sendEvents: true,
    });
    queue.on("error", ignore);
    const fences = new Map<string, number>();
    queue.on("succeeded", (job) => {
      hooks.settled(job.data.id, fences.get(job.data.id) ?? 0);
      fences.delete(job.data.id);
    });
    queue.on("failed", (job) => hooks.letter(job.data.id, fences.get(job.data.id) ?? 0));
    queue.process(CONCURRENCY, async (job: BeeQueue.Job<{ id: string }>) => {
      const fence = ledgerTime();
      fences.set(job.data.id, fence);
      await hooks.handle(job.data.id, fence);
    });
    queue.checkStalledJobs(leaseMs, ignore);
    return { close: async () => queue.close(10_000) };
  },
  async remaining(url) {
    const queue = new BeeQueue(QUEUE_NAME, {
      redis: { url },
      isWorker: false,
      getEvents: false,
      sendEvents: false,
    });
    try {
      const { waiting, active, delayed } = await queue.checkHealth();
      return waiting + active + delayed;
    } finally {
      await queue.close();
    }
  },
};

/** bee-queue reconnects by itself; without a listener Node would end the process. */
function ignore(): void {}
