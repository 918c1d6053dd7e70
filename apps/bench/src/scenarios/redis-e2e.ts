import { endToEnd } from "../redis/end-to-end.ts";
import { bullmq, ours } from "../redis/peers.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "bulk 100 in, 50 handlers out, one process",
  unit: "jobs/s",
  better: "higher",
  referenceName: "BullMQ",
  bar: 10,
  n: 40_000,
  quickN: 10_000,
  peers: ["bullmq"],
  async open(n) {
    const run: PeerRun = async (peer) => {
      return ratePerSecond(n, async () => endToEnd(peer, n));
    };
    return redisSides({ make: ours, run }, { make: bullmq, run });
  },
};
