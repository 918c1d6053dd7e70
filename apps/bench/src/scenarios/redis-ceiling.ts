import { Redis } from "ioredis";
import { endToEnd } from "../redis/end-to-end.ts";
import { ours } from "../redis/peers.ts";
import type { BenchPayload, QueuePeer } from "../redis/queue-peer.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

const BATCH = 100;
const LIST = "bench:bare";

export const scenario: Scenario = {
  title: "bulk 100 in, 50 handlers out, against a bare loop that pushes and pops batches of JSON",
  unit: "jobs/s",
  better: "higher",
  referenceName: "a bare Redis client",
  bar: 0.5,
  n: 40_000,
  quickN: 10_000,
  peers: ["ioredis"],
  async open(n) {
    const run: PeerRun = async (peer) => ratePerSecond(n, async () => endToEnd(peer, n));
    return redisSides({ make: ours, run }, { make: bare, run });
  },
};

/** No queue at all: a list, JSON, and nothing kept of what was popped. */
function bare(url: string): QueuePeer {
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
