import { RedisBackend, RedisConnection } from "@chimera/queue-redis";
import type { Receipt } from "@chimera/queue-core";
import { ours } from "../redis/peers.ts";
import { fill } from "../redis/queue-peer.ts";
import { rateOfFirst } from "../redis/rate-of-first.ts";
import { redisSides, type NewPeer, type PeerRun } from "../redis/redis-sides.ts";
import type { Scenario } from "../scenario.ts";

/** Jobs taken off beside those that are held, and off the queue with none held. */
const TAKEN = 40_000;
const SHALLOW = 1_000;
/** Jobs of one hand-out: small ones, since each has a lease of its own in the server. */
const HELD_AT_ONCE = 10;
const SETTLED_AT_ONCE = 250;
const LEASE_MS = 3_600_000;
const NAME = "bench-in-flight";

export const scenario: Scenario = {
  title: "jobs processed beside 100 000 in flight with other consumers, against ourselves with none",
  unit: "jobs/s",
  better: "higher",
  referenceName: "nothing else in flight",
  bar: 0.8,
  n: 100_000,
  quickN: 20_000,
  pairs: 3,
  warmups: 0,
  async open(n) {
    const beside: PeerRun = async (peer, { url }) => {
      await fill(peer, n + TAKEN + SHALLOW);
      using connection = new RedisConnection({ url });
      await using holder = new RedisBackend(NAME, connection);
      const held = await hold(holder, n);
      return await rateOfFirst(peer, n + TAKEN + SHALLOW, TAKEN, async () => release(holder, held));
    };
    return redisSides({ make, run: beside }, { make, run: alone });
  },
};

const make: NewPeer = (url) => ours(url, NAME);

const alone: PeerRun = async (peer) => {
  await fill(peer, TAKEN + SHALLOW);
  return rateOfFirst(peer, TAKEN + SHALLOW, TAKEN);
};

async function hold(holder: RedisBackend, count: number): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  while (receipts.length < count) {
    const deliveries = await holder.dequeue({ max: HELD_AT_ONCE, leaseMs: LEASE_MS });
    receipts.push(...deliveries.map(({ receipt }) => receipt));
  }
  return receipts;
}

/** Gives all back, so that they are worked off and checked like the others. */
async function release(holder: RedisBackend, receipts: readonly Receipt[]): Promise<void> {
  for (let from = 0; from < receipts.length; from += SETTLED_AT_ONCE) {
    const some = receipts.slice(from, from + SETTLED_AT_ONCE);
    await holder.settle(some.map((receipt) => ({ receipt, outcome: "release" })));
  }
}
