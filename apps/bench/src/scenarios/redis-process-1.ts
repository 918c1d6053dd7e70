import { bullmq, ours } from "../redis/peers.ts";
import { drain, fill } from "../redis/queue-peer.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "jobs processed one at a time, none held ahead",
  unit: "jobs/s",
  better: "higher",
  referenceName: "BullMQ",
  bar: 1.4,
  n: 10_000,
  quickN: 4_000,
  peers: ["bullmq"],
  async open(n) {
    const run =
      (prefetch?: number): PeerRun =>
      async (peer) => {
        await fill(peer, n);
        const options = { concurrency: 1, ...(prefetch !== undefined && { prefetch }) };
        return ratePerSecond(n, async () => drain(peer, n, options));
      };
    return redisSides({ make: ours, run: run(0) }, { make: bullmq, run: run() });
  },
};
