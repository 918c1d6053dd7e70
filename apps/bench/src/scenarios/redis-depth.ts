import { ours } from "../redis/peers.ts";
import { DeliveryCheck, fill } from "../redis/queue-peer.ts";
import { redisSides, type PeerRun } from "../redis/redis-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

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
      return rateOver(peer, n, TAKEN);
    };
    return redisSides({ make: ours, run: deep }, { make: ours, run: shallow });
  },
};

const shallow: PeerRun = async (peer) => {
  await fill(peer, TAKEN + SHALLOW);
  return rateOver(peer, TAKEN + SHALLOW, TAKEN);
};

/** The rate of the first `taken` of `total` jobs; the others are worked off untimed, since every job is checked. */
async function rateOver(peer: Parameters<PeerRun>[0], total: number, taken: number): Promise<number> {
  const check = new DeliveryCheck(total);
  let seen = 0;
  let enough!: () => void;
  const first = new Promise<void>((resolve) => (enough = resolve));
  const handled = (n: number): void => {
    check.handled(n);
    if (++seen === taken) enough();
  };
  let working: Promise<void> | undefined;
  const rate = await ratePerSecond(taken, async () => {
    working = peer.work(handled, check.all, { concurrency: 100 });
    await first;
  });
  await working;
  check.assertExact();
  return rate;
}
