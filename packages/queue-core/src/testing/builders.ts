import type { Delivery, NewJob, Receipt } from "../protocol.ts";

/** A job that a backend takes, with what a test cares about put in. Unstable: may change in any release. */
export function sampleJob(changes: Partial<NewJob> = {}): NewJob {
  return { id: "0199b2c4-7d10-7000-8000-000000000001", body: '{"to":"ada@example.org"}', ...changes };
}

/** The first delivery of {@link sampleJob}, with what a test cares about put in. Unstable: may change in any release. */
export function sampleDelivery(changes: Partial<Delivery> = {}): Delivery {
  const { id, body } = sampleJob();
  return {
    job: { id, body, headers: {}, priority: "normal" },
    receipt: "receipt-1" as Receipt,
    fence: 1,
    deliveryCount: 1,
    failures: 0,
    errors: [],
    enqueuedAt: 1_700_000_000_000,
    leaseUntil: 1_700_000_030_000,
    suspect: false,
    exhausted: false,
    ...changes,
  };
}
