import type { Curve } from "../curve.ts";
import { rateOfFirst } from "../redis/rate-of-first.ts";
import { bullmq, ours } from "../redis/peers.ts";
import { fill, type QueuePeer } from "../redis/queue-peer.ts";
import { redisCurve } from "../redis/redis-sides.ts";

const TAKEN = 10_000;

async function run(peer: QueuePeer, waiting: number): Promise<number> {
  const jobs = TAKEN + waiting;
  await fill(peer, jobs);
  return rateOfFirst(peer, jobs, TAKEN);
}

export const curve: Curve = {
  title: "jobs processed at concurrency 100, by jobs that wait behind them",
  unit: "jobs/s",
  xLabel: "waiting jobs",
  xs: [1_000, 10_000, 100_000, 1_000_000],
  peers: ["bullmq"],
  open: async () =>
    redisCurve([
      { name: "Chimera", make: ours, run },
      { name: "BullMQ", make: bullmq, maxX: 100_000, run },
    ]),
};
