import { MemoryDeadLetterStore } from "@chimera/dlq";
import { RedisConnection, RedisQueue } from "@chimera/queue-redis";
import BeeQueue from "bee-queue";
import { Queue as BullQueue, Worker as BullWorker } from "bullmq";
import type { BenchPayload, QueuePeer } from "./queue-peer.ts";

let queues = 0;
const nextName = (): string => `bench-${process.pid}-${++queues}`;

/** Ours with the package's defaults, over a queue of its own unless one is named. */
export function ours(url: string, name: string = nextName()): QueuePeer {
  const connection = new RedisConnection({ url });
  const queue = new RedisQueue<BenchPayload>(name, { connection });
  return {
    enqueue: async (payload) => void (await queue.enqueue(payload)),
    async enqueueBulk(batch) {
      const results = await queue.enqueueMany(batch);
      if (results.some(({ status }) => status !== "enqueued")) throw new Error("a job was not enqueued");
    },
    async work(handled, until, options) {
      const worker = queue.process(async ({ n }) => handled(n), {
        deadLetters: new MemoryDeadLetterStore(),
        ...options,
      });
      await until;
      // Timed as well: the last settlements are part of the work.
      await worker.idle();
      await worker.close();
      const { depth, inFlight } = await queue.metrics();
      if (depth + inFlight > 0) throw new Error(`${depth} jobs left, ${inFlight} not settled`);
    },
    async close() {
      await queue.close();
      connection.close();
    },
  };
}

/** BullMQ as its docs advise for speed: finished jobs are removed at once. */
export function bullmq(url: string, name: string = nextName()): QueuePeer {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const queue = new BullQueue<BenchPayload>(name, { connection });
  return {
    enqueue: async (payload) => void (await queue.add("job", payload)),
    enqueueBulk: async (batch) => void (await queue.addBulk(batch.map((data) => ({ name: "job", data })))),
    async work(handled, until, { concurrency }) {
      const worker = new BullWorker<BenchPayload>(name, async ({ data }) => handled(data.n), {
        connection,
        concurrency,
        removeOnComplete: { count: 0 },
      });
      await until;
      await worker.close();
    },
    close: async () => queue.close(),
  };
}

/** bee-queue with events and job storage off, its fastest form. */
export function beeQueue(url: string): QueuePeer {
  const { hostname: host, port } = new URL(url);
  const name = nextName();
  const settings = {
    redis: { host, port: Number(port) },
    getEvents: false,
    sendEvents: false,
    storeJobs: false,
    removeOnSuccess: true,
  };
  const queue = new BeeQueue<BenchPayload>(name, { ...settings, isWorker: false });
  return {
    enqueue: async (payload) => void (await queue.createJob(payload).save()),
    enqueueBulk: async (batch) =>
      void (await queue.saveAll(batch.map((payload) => queue.createJob(payload)))),
    async work(handled, until, { concurrency }) {
      const worker = new BeeQueue<BenchPayload>(name, settings);
      worker.process(concurrency, async ({ data }) => handled(data.n));
      await until;
      await worker.close(1_000);
    },
    close: async () => queue.close(1_000),
  };
}
