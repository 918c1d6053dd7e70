import type { Receipt } from "../protocol.ts";
import { DelayHeap } from "./delay-heap.ts";
import type { JobRecord } from "./job-record.ts";

/** The jobs in flight, by receipt and by the end of their lease. A receipt that is not here is stale. */
export class LeaseTable {
  readonly #byReceipt = new Map<string, JobRecord>();
  readonly #byDeadline = new DelayHeap<JobRecord>();

  get size(): number {
    return this.#byReceipt.size;
  }

  get(receipt: Receipt): JobRecord | undefined {
    return this.#byReceipt.get(receipt);
  }

  /** Leases end in the order of their deadlines, equal ones in the order of their deliveries. */
  add(record: JobRecord, receipt: Receipt, leaseUntil: number, deliveryNumber: number): void {
    record.state = "in-flight";
    record.at = leaseUntil;
    record.order = deliveryNumber;
    record.receipt = receipt;
    this.#byReceipt.set(receipt, record);
    this.#byDeadline.push(record);
  }

  extend(record: JobRecord, leaseUntil: number): void {
    this.#byDeadline.remove(record);
    record.at = leaseUntil;
    this.#byDeadline.push(record);
  }

  /** Ends a lease: from here on its receipt is stale. */
  remove(record: JobRecord): void {
    this.#byDeadline.remove(record);
    this.#forget(record);
  }

  /** Ends the lease with the earliest deadline that has passed. */
  takeExpired(nowMs: number): JobRecord | undefined {
    const record = this.#byDeadline.takeDue(nowMs);
    if (record !== undefined) this.#forget(record);
    return record;
  }

  countExpired(nowMs: number): number {
    return this.#byDeadline.countDue(nowMs);
  }

  nextDeadline(): number {
    return this.#byDeadline.nextAt();
  }

  values(): Generator<JobRecord> {
    return this.#byDeadline.values();
  }

  #forget(record: JobRecord): void {
    if (record.receipt !== undefined) this.#byReceipt.delete(record.receipt);
    record.receipt = undefined;
  }
}
