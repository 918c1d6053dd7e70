import { endToEnd } from "../redis/end-to-end.ts";
import { bullmq, ours } from "../redis/peers.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { type Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "CPU of the Redis server per job, end to end",
  unit: "us/job",
  better: "lower",
  referenceName: "BullMQ",
  bar: 15,
  n: 40_000,
  quickN: 10_000,
  peers: ["bullmq"],
  async open(n) {
    const run: PeerRun = async (peer, admin) => {
      const before = await admin.cpuUs();
      await endToEnd(peer, n);
      return ((await admin.cpuUs()) - before) / n;
    };
    return redisSides({ make: ours, run }, { make: bullmq, run });
  },
};
