import type { Delivery, DeliveryError } from "@chimera/queue-core";
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
  const [now, base, token, more, paused, nextDue, reclaimed] = header.split(" ") as [
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
  const deliveries: Delivery[] = Array.from({ length: ids.length });
  let marked = 0;
  for (let index = 0; index < ids.length; index++) {
    const entry = ids[index] as string;
    const first = entry.charCodeAt(0);
    const fence = firstFence + index;
    const record = records[index] as string;
    deliveries[index] =
      first === STAR || first === BANG
        ? markedDelivery(partition, entry.slice(1), record, states[marked++] as string, fence, leaseUntil)
        : plainDelivery(partition, token, entry, record, fence, leaseUntil);
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
const LETTERS = { high: "h", normal: "n", low: "l" } as const;

function plainDelivery(
  partition: number,
  token: string,
  id: string,
  record: string,
  fence: number,
  leaseUntil: number,
): Delivery {
  const { job, enqueuedAt, maxDeliveries } = decodeRecord(id, record);
  return {
    job,
    receipt: makeReceipt(partition, token + LETTERS[job.priority], id),
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
  partition: number,
  id: string,
  record: string,
  stateText: string,
  fence: number,
  leaseUntil: number,
): Delivery {
  const { job, enqueuedAt, maxDeliveries } = decodeRecord(id, record);
  const { place, deliveryCount, failures, reclaims, errors } = decodeState(stateText);
  return {
    job,
    receipt: makeReceipt(partition, place, id),
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
