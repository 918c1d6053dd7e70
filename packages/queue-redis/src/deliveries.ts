import type { Delivery, DeliveryError, Receipt } from "@chimera/queue-core";
import { makeReceipt } from "./receipt.ts";
import { decodeRecord, decodeState } from "./record.ts";

/** What `dequeue` answers: header, ids with their marks, records, and the states of the marked ones. */
export type FetchReply = readonly [header: string, ids: string[], records: string[], states: string[]];

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
  const [header, ids, records, states] = reply;
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
  for (let index = 0; index < ids.length; index++) {
    const entry = ids[index] as string;
    const record = records[index] as string;
    // Somebody's hand has removed the job.
    if (record === "") continue;
    const first = entry.charCodeAt(0);
    const isMarked = first === STAR || first === BANG;
    const id = isMarked ? entry.slice(1) : entry;
    const place: Place = {
      receipt: makeReceipt(partition, id, index + 1, batch),
      fence: firstFence + index,
      leaseUntil,
    };
    deliveries.push(
      isMarked
        ? markedDelivery(id, record, states[marked++] as string, place)
        : plainDelivery(id, record, place),
    );
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
interface Place {
  readonly receipt: Receipt;
  readonly fence: number;
  readonly leaseUntil: number;
}

function plainDelivery(id: string, record: string, { receipt, fence, leaseUntil }: Place): Delivery {
  const { job, enqueuedAt, maxDeliveries } = decodeRecord(id, record);
  return {
    job,
    receipt,
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

function markedDelivery(
  id: string,
  record: string,
  stateText: string,
  { receipt, fence, leaseUntil }: Place,
): Delivery {
  const { job, enqueuedAt, maxDeliveries } = decodeRecord(id, record);
  const { deliveryCount, failures, reclaims, errors } = decodeState(stateText);
  return {
    job,
    receipt,
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
