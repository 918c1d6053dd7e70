import { ours } from "../redis/peers.ts";
import { fill } from "../redis/queue-peer.ts";
import { rateOfFirst } from "../redis/rate-of-first.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import type { Scenario } from "../scenario.ts";

/** Jobs taken off the deep queue and off the shallow one. */
const TAKEN = 40_000;
const SHALLOW = 1_000;

export const scenario: Scenario = {
  title: "jobs processed with a million waiting, against ourselves with a thousand",
  unit: "jobs/s",
  better: "higher",
  referenceName: "a shallow queue",
  bar: 0.8,
  n: 1_000_000,
  quickN: 100_000,
  pairs: 3,
  warmups: 0,
  async open(n) {
    const deep: PeerRun = async (peer) => {
      await fill(peer, n);
      return rateOfFirst(peer, n, TAKEN);
    };
    return redisSides({ make: ours, run: deep }, { make: ours, run: shallow });
  },
};

const shallow: PeerRun = async (peer) => {
  await fill(peer, TAKEN + SHALLOW);
  return rateOfFirst(peer, TAKEN + SHALLOW, TAKEN);
};
