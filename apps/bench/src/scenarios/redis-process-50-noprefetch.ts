import { bullmq, ours } from "../redis/peers.ts";
import { drain, fill } from "../redis/queue-peer.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "jobs processed with 50 handlers at a time and none held ahead",
  unit: "jobs/s",
  better: "higher",
  referenceName: "BullMQ",
  bar: 5,
  n: 40_000,
  quickN: 10_000,
  peers: ["bullmq"],
  async open(n) {
    const run =
      (prefetch?: number): PeerRun =>
      async (peer) => {
        await fill(peer, n);
        const options = { concurrency: 50, ...(prefetch !== undefined && { prefetch }) };
        return ratePerSecond(n, async () => drain(peer, n, options));
      };
    return redisSides({ make: ours, run: run(0) }, { make: bullmq, run: run() });
  },
};
