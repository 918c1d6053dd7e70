import { setTimeout as delay } from "node:timers/promises";
import { payloadOf, type QueuePeer } from "./queue-peer.ts";
import type { PeerRun } from "./redis-sides.ts";

const PER_SECOND = 100;

/** Milliseconds from enqueue to handler start at that share of the jobs, at 100 jobs a second into an idle worker. */
export function latencyRun(count: number, share: number): PeerRun {
  return async (peer) => {
    const sent = new Float64Array(count);
    const taken = new Float64Array(count);
    let left = count;
    let resolve!: () => void;
    const all = new Promise<void>((done) => (resolve = done));
    const handled = (n: number): void => {
      taken[n - 1_000_000] = performance.now() - (sent[n - 1_000_000] ?? 0);
      if (--left === 0) resolve();
    };
    await Promise.all([peer.work(handled, all, { concurrency: 50 }), produce(peer, sent)]);
    const sorted = taken.toSorted();
    return sorted[Math.ceil(count * share) - 1] ?? Number.NaN;
  };
}

async function produce(peer: QueuePeer, sent: Float64Array): Promise<void> {
  // The worker's connections are up and waiting by then.
  await delay(500);
  const startedAt = performance.now();
  for (let n = 0; n < sent.length; n++) {
    await delay(Math.max(0, startedAt + (n * 1_000) / PER_SECOND - performance.now()));
    sent[n] = performance.now();
    await peer.enqueue(payloadOf(n));
  }
}
