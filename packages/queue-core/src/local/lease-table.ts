import type { Receipt } from "../protocol.ts";
import { DelayHeap } from "./delay-heap.ts";
import type { JobRecord } from "./job-record.ts";
import { LeaseRing } from "./lease-ring.ts";

/**
 * The jobs in flight, by receipt and by the end of their lease. A receipt that is not here is stale.
 *
 * A receipt is the random prefix of its store and the number of its delivery. Leases of one length end in the order in
 * which they began: those stand in a ring, and cost no search, no hash and no heap. The others, such as extended ones,
 * cost O(log n).
 */
export class LeaseTable {
  readonly #receiptPrefix: string;
  readonly #ring = new LeaseRing();
  readonly #byNumber = new Map<number, JobRecord>();
  readonly #byDeadline = new DelayHeap<JobRecord>();

  /** @param receiptPrefix - never that of another table: no receipt is ever reused */
  constructor(receiptPrefix: string) {
    this.#receiptPrefix = receiptPrefix;
  }

  get size(): number {
    return this.#ring.size + this.#byNumber.size;
  }

  get(receipt: Receipt): JobRecord | undefined {
    const number = this.#numberOf(receipt);
    return this.#ring.get(number) ?? this.#byNumber.get(number);
  }

  /** Leases end in the order of their deadlines, equal ones in the order of their deliveries. Numbers must grow. */
  add(record: JobRecord, leaseUntil: number, deliveryNumber: number): Receipt {
    record.state = "in-flight";
    record.at = leaseUntil;
    record.order = deliveryNumber;
    // An empty ring takes any lease.
    while (!this.#ring.push(record)) this.#moveOldest();
    return (this.#receiptPrefix + deliveryNumber) as Receipt;
  }

  extend(record: JobRecord, leaseUntil: number): void {
    this.remove(record);
    record.at = leaseUntil;
    this.#addApart(record);
  }

  /** Ends a lease: from here on its receipt is stale. */
  remove(record: JobRecord): void {
    if (this.#ring.remove(record)) return;
    this.#byNumber.delete(record.order);
    this.#byDeadline.remove(record);
  }

  /** Ends the lease with the earliest deadline that has passed. */
  takeExpired(nowMs: number): JobRecord | undefined {
    this.#moveExpired(nowMs);
    const record = this.#byDeadline.takeDue(nowMs);
    if (record !== undefined) this.#byNumber.delete(record.order);
    return record;
  }

  countExpired(nowMs: number): number {
    this.#moveExpired(nowMs);
    return this.#byDeadline.countDue(nowMs);
  }

  nextDeadline(): number {
    return Math.min(this.#ring.oldest?.at ?? Infinity, this.#byDeadline.nextAt());
  }

  *values(): Generator<JobRecord> {
    yield* this.#ring.values();
    yield* this.#byNumber.values();
  }

  #addApart(record: JobRecord): void {
    this.#byNumber.set(record.order, record);
    this.#byDeadline.push(record);
  }

  /** Each lease moves once at most, whoever asks and how often. */
  #moveExpired(nowMs: number): void {
    for (let oldest = this.#ring.oldest; oldest !== undefined && oldest.at <= nowMs;) {
      this.#moveOldest();
      oldest = this.#ring.oldest;
    }
  }

  #moveOldest(): void {
    const { oldest } = this.#ring;
    if (oldest === undefined) return;
    this.#ring.remove(oldest);
    this.#addApart(oldest);
  }

  /** The number in a receipt of this table; -1 in any other text. */
  #numberOf(receipt: string): number {
    const start = this.#receiptPrefix.length;
    if (!receipt.startsWith(this.#receiptPrefix) || receipt.charCodeAt(start) === ZERO) return -1;
    let number = 0;
    for (let index = start; index < receipt.length; index++) {
      const digit = receipt.charCodeAt(index) - ZERO;
      if (digit < 0 || digit > 9) return -1;
      number = number * 10 + digit;
    }
    return number;
  }
}

const ZERO = "0".charCodeAt(0);
