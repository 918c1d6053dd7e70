import { Redis } from "ioredis";
import type { BenchPayload, QueuePeer } from "./queue-peer.ts";

const BATCH = 100;
const LIST = "bench:bare";

/** No queue at all: a list, JSON, and nothing kept of what was popped. */
export function bare(url: string): QueuePeer {
  const producer = new Redis(url);
  const consumer = new Redis(url);
  return {
    enqueue: async (payload) => void (await producer.rpush(LIST, JSON.stringify(payload))),
    enqueueBulk: async (batch) =>
      void (await producer.rpush(LIST, ...batch.map((payload) => JSON.stringify(payload)))),
    async work(handled, until) {
      const ended = new AbortController();
      void until.then(() => ended.abort());
      while (!ended.signal.aborted) {
        const popped = (await consumer.lpop(LIST, BATCH)) ?? [];
        for (const text of popped) handled((JSON.parse(text) as BenchPayload).n);
        // Else the promises alone would run, and nothing be read from the socket.
        if (popped.length === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async close() {
      producer.disconnect();
      consumer.disconnect();
    },
  };
}
