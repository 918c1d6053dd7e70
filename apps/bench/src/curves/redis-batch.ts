import type { Curve } from "../curve.ts";
import { bullmq, ours } from "../redis/peers.ts";
import { payloads, type QueuePeer } from "../redis/queue-peer.ts";
import { redisCurve } from "../redis/redis-sides.ts";
import { ratePerSecond } from "../scenario.ts";

/** One call after another. */
async function run(peer: QueuePeer, batch: number): Promise<number> {
  const jobs = Math.min(40_000, 2_000 * batch);
  return ratePerSecond(jobs, async () => {
    for (let from = 0; from < jobs; from += batch) await peer.enqueueBulk(payloads(from, batch));
  });
}

export const curve: Curve = {
  title: "jobs enqueued, by jobs in a call, one call after another",
  unit: "jobs/s",
  xLabel: "jobs in a call",
  xs: [1, 5, 20, 100, 250, 1_000],
  peers: ["bullmq"],
  open: async () =>
    redisCurve([
      { name: "Chimera", make: ours, run },
      { name: "BullMQ", make: bullmq, run },
    ]),
};
