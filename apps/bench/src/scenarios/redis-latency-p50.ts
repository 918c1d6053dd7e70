import { latencyRun } from "../redis/latency.ts";
import { bullmq, ours } from "../redis/peers.ts";
import { redisSides } from "../redis/redis-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "p50 from enqueue to handler start, 100 jobs a second into an idle worker",
  unit: "ms",
  better: "lower",
  referenceName: "BullMQ",
  bar: 1.6,
  n: 2_000,
  quickN: 500,
  pairs: 3,
  warmups: 0,
  peers: ["bullmq"],
  open: async (n) => {
    const run = latencyRun(n, 0.5);
    return redisSides({ make: ours, run }, { make: bullmq, run });
  },
};
