import { bullmq, ours } from "../redis/peers.ts";
import { payloads } from "../redis/queue-peer.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

const BATCH = 1_000;

export const scenario: Scenario = {
  title: "enqueues of 1 000 a call, two calls at a time",
  unit: "jobs/s",
  better: "higher",
  referenceName: "BullMQ",
  bar: 10,
  n: 200_000,
  quickN: 40_000,
  peers: ["bullmq"],
  async open(n) {
    const run: PeerRun = async (peer) => {
      let next = 0;
      const producer = async (): Promise<void> => {
        while (next < n) await peer.enqueueBulk(payloads((next += BATCH) - BATCH, BATCH));
      };
      return ratePerSecond(n, async () => void (await Promise.all([producer(), producer()])));
    };
    return redisSides({ make: ours, run }, { make: bullmq, run });
  },
};
