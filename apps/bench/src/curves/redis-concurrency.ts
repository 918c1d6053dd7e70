import type { Curve } from "../curve.ts";
import { bullmq, ours } from "../redis/peers.ts";
import { drain, fill, type QueuePeer } from "../redis/queue-peer.ts";
import { redisCurve } from "../redis/redis-sides.ts";
import { ratePerSecond } from "../scenario.ts";

async function run(peer: QueuePeer, concurrency: number): Promise<number> {
  const jobs = Math.min(20_000, 3_000 * concurrency);
  await fill(peer, jobs);
  return ratePerSecond(jobs, async () => drain(peer, jobs, { concurrency }));
}

export const curve: Curve = {
  title: "jobs processed by one worker, by handlers at a time",
  unit: "jobs/s",
  xLabel: "concurrency",
  xs: [1, 2, 5, 10, 20, 50, 100, 200],
  peers: ["bullmq"],
  open: async () =>
    redisCurve([
      { name: "Chimera", make: ours, run },
      { name: "BullMQ", make: bullmq, run },
    ]),
};
