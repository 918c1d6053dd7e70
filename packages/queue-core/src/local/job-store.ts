import { cutErrorText } from "../contract-checks.ts";
import type { Delivery, EnqueueResult, NewJob, Receipt, Settlement } from "../protocol.ts";
import type { ChangeLog } from "./change-log.ts";
import { DedupTable, type DedupEntry } from "./dedup-table.ts";
import { DelayHeap } from "./delay-heap.ts";
import { newJobCounters, type JobCounters } from "./job-counters.ts";
import { JobIndex } from "./job-index.ts";
import { JobRecord } from "./job-record.ts";
import { LatencyWindow } from "./latency-window.ts";
import { LeaseTable } from "./lease-table.ts";
import { ReadyLists } from "./ready-lists.ts";

/** Deliveries after which a job is handed out as exhausted, unless it says otherwise. */
const DEFAULT_MAX_DELIVERIES = 20;
/** Reclaims that make a job a suspect: once may have been a neighbour's crash, twice is a pattern. */
const SUSPECT_RECLAIMS = 2;
/** Failures that a job remembers. */
const KEPT_ERRORS = 5;
/** Most jobs that one pass promotes, and most that it reclaims, so that no call holds the process up for long. */
const PASS_LIMIT = 250;

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

export interface JobStoreOptions {
  /** Bounds ready and delayed jobs together. */
  readonly maxDepth: number;
  /** The random part of every receipt. */
  readonly receiptPrefix: string;
  /** Milliseconds since the epoch, a whole number, at which the store's time is 0. */
  readonly epochMs: number;
  readonly changeLog?: ChangeLog | undefined;
}

/**
 * The rules of the protocol over jobs in memory, as plain synchronous steps: no clock, no timer, no promise. The
 * caller says what time it is, in milliseconds since `epochMs`, fractions too, and time never goes back.
 *
 * Every step is O(log n) or better in the jobs of its place.
 */
export class JobStore {
  readonly jobs: JobIndex = new JobIndex();
  readonly ready: ReadyLists = new ReadyLists();
  readonly delayed: DelayHeap<JobRecord> = new DelayHeap();
  readonly leases: LeaseTable = new LeaseTable();
  readonly dedup: DedupTable = new DedupTable();
  readonly latency: LatencyWindow = new LatencyWindow();
  readonly counters: JobCounters = newJobCounters();
  /** Milliseconds since the epoch at which the store's time is 0. */
  readonly epochMs: number;
  paused = false;

  readonly #maxDepth: number;
  readonly #receiptPrefix: string;
  readonly #changeLog: ChangeLog | undefined;
  #fenceBase = 0;
  #delays = 0;
  #deliveries = 0;

  constructor({ maxDepth, receiptPrefix, epochMs, changeLog }: JobStoreOptions) {
    this.#maxDepth = maxDepth;
    this.#receiptPrefix = receiptPrefix;
    this.epochMs = epochMs;
    this.#changeLog = changeLog;
  }

  enqueue(job: NewJob, nowMs: number): EnqueueResult {
    const { id, dedupKey, dedupTtlMs, delayMs = 0, priority = "normal" } = job;
    const hash = this.jobs.hashOf(id);
    if (this.jobs.get(id, hash) !== undefined) return { status: "duplicate", id };
    if (dedupKey !== undefined) {
      const holder = this.dedup.holder(dedupKey, nowMs);
      if (holder !== undefined) return { status: "duplicate", id: holder };
    }
    if (this.ready.size + this.delayed.size >= this.#maxDepth) return { status: "full" };

    const dedup = dedupKey === undefined ? undefined : this.#takeKey(dedupKey, id, dedupTtlMs, nowMs);
    const record = new JobRecord({
      id,
      hash,
      body: job.body,
      headers: job.headers === undefined ? NO_HEADERS : Object.freeze({ ...job.headers }),
      priority,
      maxDeliveries: job.maxDeliveries ?? DEFAULT_MAX_DELIVERIES,
      enqueuedAt: Math.floor(nowMs),
      expiresAt: job.expiresInMs === undefined ? undefined : after(nowMs, job.expiresInMs),
      dedup,
    });
    this.jobs.add(record);
    this.counters.enqueued++;
    this.#makeAvailable(record, delayMs, nowMs);
    return { status: "enqueued", id };
  }

  /** Promotes and reclaims what is due, at most 250 of each, and answers whether there may be more. */
  refresh(nowMs: number): boolean {
    const promoted = this.#promote(nowMs);
    const reclaimed = this.#reclaim(nowMs);
    return promoted || reclaimed;
  }

  /** Hands out at most `max` ready jobs; a suspect only by itself. Drops what has expired on the way. */
  deliver(max: number, leaseMs: number, nowMs: number): Delivery[] {
    const deliveries: Delivery[] = [];
    if (this.paused) return deliveries;
    while (deliveries.length < max) {
      const record = this.ready.head();
      if (record === undefined) break;
      if (record.expiresAt !== undefined && record.expiresAt <= nowMs) {
        this.ready.of(record.priority).remove(record);
        this.counters.expired++;
        this.#forget(record);
        continue;
      }
      const suspect = record.reclaims >= SUSPECT_RECLAIMS;
      if (suspect && deliveries.length > 0) break;
      deliveries.push(this.#handOut(record, suspect, leaseMs, nowMs));
      if (suspect) break;
    }
    return deliveries;
  }

  settle(settlement: Settlement, nowMs: number): "ok" | "stale" {
    const record = this.leases.get(settlement.receipt);
    if (record === undefined) return "stale";
    this.leases.remove(record);
    switch (settlement.outcome) {
      case "done":
        this.counters.processed++;
        if (settlement.durationMs !== undefined) this.latency.record(settlement.durationMs, nowMs);
        this.#forget(record);
        break;
      case "retry":
        this.counters.retried++;
        if (settlement.counts !== false) this.#countFailure(record, settlement.error, nowMs);
        this.#makeAvailable(record, settlement.delayMs, nowMs);
        break;
      case "release":
        record.deliveryCount--;
        this.ready.of(record.priority).pushHead(record, nowMs);
        this.#changeLog?.jobChanged(record);
        break;
      case "dead":
        this.counters.deadLettered++;
        this.#forget(record);
        break;
    }
    return "ok";
  }

  extend(receipt: Receipt, leaseMs: number, nowMs: number): "ok" | "stale" {
    const record = this.leases.get(receipt);
    if (record === undefined) return "stale";
    this.leases.extend(record, after(nowMs, leaseMs));
    return "ok";
  }

  /** Makes a delayed job ready now. */
  runNow(id: string, nowMs: number): boolean {
    const record = this.jobs.get(id);
    if (record?.state !== "delayed") return false;
    this.delayed.remove(record);
    this.ready.of(record.priority).pushTail(record, nowMs);
    this.#changeLog?.jobChanged(record);
    return true;
  }

  /** Removes a job from wherever it is. */
  cancel(id: string): boolean {
    const record = this.jobs.get(id);
    if (record === undefined) return false;
    if (record.state === "ready") this.ready.of(record.priority).remove(record);
    else if (record.state === "delayed") this.delayed.remove(record);
    else this.leases.remove(record);
    this.counters.cancelled++;
    this.#forget(record);
    return true;
  }

  /** While paused nothing is handed out; everything else goes on. */
  pause(paused: boolean): void {
    this.paused = paused;
    this.#changeLog?.pauseChanged();
  }

  /** Takes up where a store of an earlier process stopped. */
  continueFrom({ fenceBase, lastDelay }: { readonly fenceBase: number; readonly lastDelay: number }): void {
    this.#fenceBase = fenceBase;
    this.#delays = lastDelay;
  }

  /** A delivery of an earlier process: in flight, and expired at once. Told in the order of the hand-outs. */
  restoreLease(record: JobRecord): void {
    const number = ++this.#deliveries;
    this.leases.add(record, (this.#receiptPrefix + number) as Receipt, 0, number);
  }

  /** The next moment at which time alone changes something; `Infinity` when it does not. */
  nextDueAt(): number {
    return Math.min(this.delayed.nextAt(), this.leases.nextDeadline());
  }

  #takeKey(key: string, id: string, ttlMs: number | undefined, nowMs: number): DedupEntry {
    const entry = this.dedup.take(key, id, ttlMs === undefined ? Infinity : after(nowMs, ttlMs));
    if (ttlMs !== undefined) this.#changeLog?.keyTaken(entry);
    return entry;
  }

  #makeAvailable(record: JobRecord, delayMs: number, nowMs: number): void {
    if (delayMs === 0) this.ready.of(record.priority).pushTail(record, nowMs);
    else {
      record.state = "delayed";
      record.at = after(nowMs, delayMs);
      record.order = ++this.#delays;
      this.delayed.push(record);
    }
    this.#changeLog?.jobChanged(record);
  }

  #handOut(record: JobRecord, suspect: boolean, leaseMs: number, nowMs: number): Delivery {
    const { priority, id, body, headers } = record;
    this.ready.of(priority).remove(record);
    const number = ++this.#deliveries;
    const receipt = (this.#receiptPrefix + number) as Receipt;
    this.leases.add(record, receipt, after(nowMs, leaseMs), number);
    record.deliveryCount++;
    this.#changeLog?.jobChanged(record);
    return {
      job: { id, body, headers, priority },
      receipt,
      fence: this.#fenceBase + number,
      deliveryCount: record.deliveryCount,
      failures: record.failures,
      errors: record.errors,
      enqueuedAt: this.epochMs + record.enqueuedAt,
      leaseUntil: this.epochMs + record.at,
      suspect,
      exhausted: record.deliveryCount > record.maxDeliveries,
    };
  }

  #countFailure(record: JobRecord, error: string | undefined, nowMs: number): void {
    this.counters.failed++;
    record.failures++;
    if (error === undefined) return;
    const failure = Object.freeze({ at: this.epochMs + Math.floor(nowMs), message: cutErrorText(error) });
    record.errors = Object.freeze([...record.errors.slice(1 - KEPT_ERRORS), failure]);
  }

  #promote(nowMs: number): boolean {
    for (let promoted = 0; promoted < PASS_LIMIT; promoted++) {
      const record = this.delayed.takeDue(nowMs);
      if (record === undefined) return false;
      this.ready.of(record.priority).pushTail(record, nowMs);
      this.#changeLog?.jobChanged(record);
    }
    return true;
  }

  #reclaim(nowMs: number): boolean {
    const first: JobRecord[] = [];
    let count = 0;
    for (; count < PASS_LIMIT; count++) {
      const record = this.leases.takeExpired(nowMs);
      if (record === undefined) break;
      this.counters.reclaimed++;
      record.reclaims++;
      if (record.reclaims === 1) first.push(record);
      else this.ready.of(record.priority).pushTail(record, nowMs);
      this.#changeLog?.jobChanged(record);
    }
    // Each goes before all others: the last one first keeps the order in which their leases ended.
    for (let record = first.pop(); record !== undefined; record = first.pop()) {
      this.ready.of(record.priority).pushHead(record, nowMs);
    }
    return count === PASS_LIMIT;
  }

  #forget(record: JobRecord): void {
    record.state = "gone";
    this.jobs.remove(record);
    if (record.dedup?.at === Infinity) this.dedup.release(record.dedup);
    this.#changeLog?.jobChanged(record);
  }
}

/** A whole millisecond that is not before the duration is over. */
function after(nowMs: number, durationMs: number): number {
  return Math.ceil(nowMs) + durationMs;
}
