import type { Curve } from "../curve.ts";
import { bare } from "../redis/bare-peer.ts";
import { endToEnd } from "../redis/end-to-end.ts";
import { bullmq, ours } from "../redis/peers.ts";
import type { QueuePeer } from "../redis/queue-peer.ts";
import { redisCurve } from "../redis/redis-sides.ts";
import { ratePerSecond } from "../scenario.ts";

const TOTAL_BYTES = 100_000_000;

async function run(peer: QueuePeer, payloadBytes: number): Promise<number> {
  const jobs = Math.min(20_000, Math.floor(TOTAL_BYTES / payloadBytes));
  return ratePerSecond(jobs, async () => endToEnd(peer, jobs, payloadBytes));
}

export const curve: Curve = {
  title: "jobs end to end, bulk 100 in and 50 handlers out, by size of the payload",
  unit: "jobs/s",
  xLabel: "bytes of payload",
  xs: [100, 400, 1_024, 4_096, 16_384, 65_536],
  peers: ["bullmq", "ioredis"],
  open: async () =>
    redisCurve([
      { name: "Chimera", make: ours, run },
      { name: "BullMQ", make: bullmq, run },
      // What the machine gives: a list and JSON, and nothing kept of what was popped.
      { name: "no queue", make: bare, run },
    ]),
};
