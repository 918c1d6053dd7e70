import { bullmq, ours } from "../redis/peers.ts";
import { drain, fill } from "../redis/queue-peer.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "jobs processed with 100 handlers at a time",
  unit: "jobs/s",
  better: "higher",
  referenceName: "BullMQ",
  bar: 10,
  n: 60_000,
  quickN: 15_000,
  peers: ["bullmq"],
  async open(n) {
    const run =
      (prefetch?: number): PeerRun =>
      async (peer) => {
        await fill(peer, n);
        const options = { concurrency: 100, ...(prefetch !== undefined && { prefetch }) };
        return ratePerSecond(n, async () => drain(peer, n, options));
      };
    return redisSides({ make: ours, run: run() }, { make: bullmq, run: run() });
  },
};
