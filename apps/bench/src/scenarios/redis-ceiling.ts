import { bare } from "../redis/bare-peer.ts";
import { endToEnd } from "../redis/end-to-end.ts";
import { ours } from "../redis/peers.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "bulk 100 in, 50 handlers out, against a bare loop that pushes and pops batches of JSON",
  unit: "jobs/s",
  better: "higher",
  referenceName: "a bare Redis client",
  bar: 0.5,
  n: 40_000,
  quickN: 10_000,
  peers: ["ioredis"],
  async open(n) {
    const run: PeerRun = async (peer) => ratePerSecond(n, async () => endToEnd(peer, n));
    return redisSides({ make: ours, run }, { make: bare, run });
  },
};
