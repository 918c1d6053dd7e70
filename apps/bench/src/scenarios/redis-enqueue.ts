import { bullmq, ours } from "../redis/peers.ts";
import { payloadOf } from "../redis/queue-peer.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

const IN_FLIGHT = 50;

export const scenario: Scenario = {
  title: "single enqueues, 50 awaited at a time",
  unit: "jobs/s",
  better: "higher",
  referenceName: "BullMQ",
  bar: 4,
  n: 100_000,
  quickN: 20_000,
  peers: ["bullmq"],
  async open(n) {
    const run: PeerRun = async (peer) => {
      let next = 0;
      const producer = async (): Promise<void> => {
        while (next < n) await peer.enqueue(payloadOf(next++));
      };
      return ratePerSecond(
        n,
        async () => void (await Promise.all(Array.from({ length: IN_FLIGHT }, producer))),
      );
    };
    return redisSides({ make: ours, run }, { make: bullmq, run });
  },
};
