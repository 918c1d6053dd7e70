import type { Delivery, DeliveryError } from "@chimera/queue-core";
import { makeReceipt } from "./receipt.ts";
import { decodeEntry, decodeRecord, decodeState } from "./record.ts";

/** What `dequeue` answers: header, entries, and the records and states of the marked ones. */
export type FetchReply = readonly [header: string, entries: string[], records: string[], states: string[]];

/** What one fetch brought. */
export interface Fetched {
  readonly deliveries: Delivery[];
  /** A bound was hit: there may be more to promote, reclaim or pass over. */
  readonly more: boolean;
  readonly paused: boolean;
  /** Leases that were found ended. */
  readonly reclaimed: number;
  /** Milliseconds until time alone makes something ready; `undefined` when nothing waits for its time. */
  readonly nextDueMs: number | undefined;
}

/** What a fetch brings that found nothing. */
export const NOTHING_FETCHED: Fetched = Object.freeze({
  deliveries: [],
  more: false,
  paused: false,
  reclaimed: 0,
  nextDueMs: undefined,
});

/** Reclaims that make a job a suspect. */
const SUSPECT_RECLAIMS = 2;
const NO_ERRORS: readonly DeliveryError[] = Object.freeze([]);

export function readFetch(partition: number, reply: FetchReply, leaseMs: number): Fetched {
  const [header, entries, records, states] = reply;
  const [now, base, batch, more, paused, nextDue, reclaimed] = header.split(" ") as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const firstFence = Number(base);
  const leaseUntil = Number(now) + leaseMs;
  const deliveries: Delivery[] = [];
  let marked = 0;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as string;
    const hand = { partition, place: index + 1, batch, fence: firstFence + index, leaseUntil };
    const first = entry.charCodeAt(0);
    if (first !== STAR && first !== BANG) {
      deliveries.push(wholeDelivery(entry, hand));
      continue;
    }
    const record = records[marked] as string;
    const state = states[marked++] as string;
    // Without a record somebody's hand has removed the job.
    if (record !== "") deliveries.push(markedDelivery(entry.slice(1), record, state, hand));
  }
  return {
    deliveries,
    more: more === "1",
    paused: paused === "1",
    reclaimed: Number(reclaimed),
    nextDueMs: nextDue === "-" ? undefined : Number(nextDue),
  };
}

const STAR = 42;
const BANG = 33;

/** What of a delivery follows from the call that made it. */
interface Hand {
  readonly partition: number;
  readonly place: number;
  readonly batch: string;
  readonly fence: number;
  readonly leaseUntil: number;
}

function wholeDelivery(entry: string, { partition, place, batch, fence, leaseUntil }: Hand): Delivery {
  const { job, enqueuedAt, maxDeliveries } = decodeEntry(entry);
  return {
    job,
    receipt: makeReceipt({ partition, id: job.id, place, batch, whole: true }),
    fence,
    deliveryCount: 1,
    failures: 0,
    errors: NO_ERRORS,
    enqueuedAt,
    leaseUntil,
    suspect: false,
    exhausted: maxDeliveries < 1,
  };
}

function markedDelivery(id: string, record: string, stateText: string, hand: Hand): Delivery {
  const { partition, place, batch, fence, leaseUntil } = hand;
  const { job, enqueuedAt, maxDeliveries } = decodeRecord(id, record);
  const { deliveryCount, failures, reclaims, errors } = decodeState(stateText);
  return {
    job,
    receipt: makeReceipt({ partition, id, place, batch, whole: false }),
    fence,
    deliveryCount,
    failures,
    errors,
    enqueuedAt,
    leaseUntil,
    suspect: reclaims >= SUSPECT_RECLAIMS,
    exhausted: deliveryCount > maxDeliveries,
  };
}
