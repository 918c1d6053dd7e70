import { DeliveryCheck, payloads, type QueuePeer } from "./queue-peer.ts";

const BATCH = 100;

/** Hands in batches of 100, two at a time, while 50 handlers work them off in the same process; all delivered exactly once. */
export async function endToEnd(peer: QueuePeer, count: number, payloadBytes?: number): Promise<void> {
  const check = new DeliveryCheck(count);
  let next = 0;
  const producer = async (): Promise<void> => {
    while (next < count) {
      const from = next;
      next += BATCH;
      await peer.enqueueBulk(payloads(from, Math.min(BATCH, count - from), payloadBytes));
    }
  };
  await Promise.all([peer.work(check.handled, check.all, { concurrency: 50 }), producer(), producer()]);
  check.assertExact();
}
