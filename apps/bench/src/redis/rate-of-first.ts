import { ratePerSecond } from "../scenario.ts";
import { DeliveryCheck, type QueuePeer } from "./queue-peer.ts";

/**
 * The rate of the first `taken` of `total` jobs; the others are worked off untimed after `afterwards`, since every job is
 * checked.
 */
export async function rateOfFirst(
  peer: QueuePeer,
  total: number,
  taken: number,
  afterwards: () => Promise<void> = async () => {},
): Promise<number> {
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
  await afterwards();
  await working;
  check.assertExact();
  return rate;
}
