import { bullmq, ours } from "../redis/peers.ts";
import { fill, payloadOf } from "../redis/queue-peer.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "memory of the Redis server per waiting job of 209 bytes",
  unit: "bytes/job",
  better: "lower",
  referenceName: "BullMQ",
  bar: 2,
  n: 100_000,
  quickN: 20_000,
  pairs: 3,
  warmups: 0,
  peers: ["bullmq"],
  async open(n) {
    const run: PeerRun = async (peer, admin) => {
      await peer.enqueue(payloadOf(0));
      const before = await admin.figure("memory", "used_memory");
      await fill(peer, n, 209);
      return ((await admin.figure("memory", "used_memory")) - before) / n;
    };
    return redisSides({ make: ours, run }, { make: bullmq, run });
  },
};
