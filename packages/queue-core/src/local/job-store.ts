import { cutErrorText } from "../contract-checks.ts";
import type { Delivery, EnqueueResult, NewJob, Receipt, Settlement } from "../protocol.ts";
import type { ChangeLog } from "./change-log.ts";
import { DedupTable, type DedupEntry } from "./dedup-table.ts";
import { DelayHeap } from "./delay-heap.ts";
import { newJobCounters, type JobCounters } from "./job-counters.ts";
import { JobIndex } from "./job-index.ts";
import { JobRecord, JournalMark } from "./job-record.ts";
import { termsOf } from "./job-terms.ts";
import { LatencyWindow } from "./latency-window.ts";
import { LeaseTable } from "./lease-table.ts";
import { momentAfter } from "./moment.ts";
import { ReadyLists } from "./ready-lists.ts";

/** Reclaims that make a job a suspect: once may have been a neighbour's crash, twice is a pattern. */
const SUSPECT_RECLAIMS = 2;
/** Failures that a job remembers. */
const KEPT_ERRORS = 5;
/** Most jobs that one pass promotes, and most that it reclaims, so that no call holds the process up for long. */
const PASS_LIMIT = 250;

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
  readonly ready: ReadyLists = new ReadyLists();
  readonly delayed: DelayHeap<JobRecord> = new DelayHeap();
  readonly leases: LeaseTable;
  readonly dedup: DedupTable = new DedupTable();
  readonly latency: LatencyWindow = new LatencyWindow();
  readonly counters: JobCounters = newJobCounters();
  /** Milliseconds since the epoch at which the store's time is 0. */
  readonly epochMs: number;
  paused = false;

  readonly #maxDepth: number;
  readonly #index = new JobIndex();
  #indexed: boolean;
  readonly #changeLog: ChangeLog | undefined;
  #fenceBase = 0;
  #delays = 0;
  #deliveries = 0;

  constructor({ maxDepth, receiptPrefix, epochMs, changeLog }: JobStoreOptions) {
    this.#maxDepth = maxDepth;
    this.leases = new LeaseTable(receiptPrefix);
    this.epochMs = epochMs;
    this.#changeLog = changeLog;
    this.#indexed = changeLog !== undefined;
  }

  /**
   * The live jobs by id. Most queues are never asked for one: until then no job is put in, and the first who asks has
   * all that are there put in at once, which is O(1) a job in its life.
   */
  get jobs(): JobIndex {
    if (!this.#indexed) this.#indexAll();
    return this.#index;
  }

  /** @param fresh - the caller has just made the id, of random bits: no job can be alive under it */
  enqueue(job: NewJob, nowMs: number, fresh: boolean = false): EnqueueResult {
    const { id, dedupKey, delayMs = 0 } = job;
    if (!fresh && this.jobs.get(id) !== undefined) return { status: "duplicate", id };
    if (dedupKey !== undefined) {
      const holder = this.dedup.holder(dedupKey, nowMs);
      if (holder !== undefined) return { status: "duplicate", id: holder };
    }
    if (this.ready.size + this.delayed.size >= this.#maxDepth) return { status: "full" };

    const mark = this.#changeLog === undefined ? undefined : new JournalMark();
    const dedup = dedupKey === undefined ? undefined : this.#takeKey(dedupKey, job, nowMs);
    const record = new JobRecord(id, job.body, termsOf(job, dedup, nowMs), Math.floor(nowMs), mark);
    if (this.#indexed) this.#index.add(record);
    this.counters.enqueued++;
    this.#makeAvailable(record, delayMs, nowMs);
    return { status: "enqueued", id };
  }

  /** Promotes and reclaims what is due, at most 250 of each; answers whether there may be more. */
  refresh(nowMs: number): boolean {
    const promoted = this.#promote(nowMs);
    const reclaimed = this.#reclaim(nowMs);
    return promoted || reclaimed;
  }

  /** Hands out at most `max` ready jobs; a suspect only by itself. Drops what has expired on the way. */
  deliver(max: number, leaseMs: number, nowMs: number, refuseSuspect = false): Delivery[] {
    const deliveries: Delivery[] = [];
    if (this.paused) return deliveries;
    while (deliveries.length < max) {
      const record = this.ready.head();
      if (record === undefined) break;
      const { expiresAt } = record.terms;
      if (expiresAt !== undefined && expiresAt <= nowMs) {
        this.ready.of(record.terms.priority).remove(record);
        this.counters.expired++;
        this.#forget(record);
        continue;
      }
      const suspect = record.troubles.reclaims >= SUSPECT_RECLAIMS;
      if (suspect && (refuseSuspect || deliveries.length > 0)) break;
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
        this.ready.of(record.terms.priority).pushHead(record, nowMs);
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
    this.leases.extend(record, momentAfter(nowMs, leaseMs));
    return "ok";
  }

  /** Makes a delayed job ready now. */
  runNow(id: string, nowMs: number): boolean {
    const record = this.jobs.get(id);
    if (record?.state !== "delayed") return false;
    this.delayed.remove(record);
    this.ready.of(record.terms.priority).pushTail(record, nowMs);
    this.#changeLog?.jobChanged(record);
    return true;
  }

  /** Removes a job from wherever it is. */
  cancel(id: string): boolean {
    const record = this.jobs.get(id);
    if (record === undefined) return false;
    if (record.state === "ready") this.ready.of(record.terms.priority).remove(record);
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
    this.leases.add(record, 0, ++this.#deliveries);
  }

  /** The next moment at which time alone changes something; `Infinity` when it does not. */
  nextDueAt(): number {
    return Math.min(this.delayed.nextAt(), this.leases.nextDeadline());
  }

  #takeKey(key: string, { id, dedupTtlMs: ttlMs }: NewJob, nowMs: number): DedupEntry {
    const entry = this.dedup.take(key, id, ttlMs === undefined ? Infinity : momentAfter(nowMs, ttlMs));
    if (ttlMs !== undefined) this.#changeLog?.keyTaken(entry);
    return entry;
  }

  #makeAvailable(record: JobRecord, delayMs: number, nowMs: number): void {
    if (delayMs === 0) this.ready.of(record.terms.priority).pushTail(record, nowMs);
    else {
      record.state = "delayed";
      record.at = momentAfter(nowMs, delayMs);
      record.order = ++this.#delays;
      this.delayed.push(record);
    }
    this.#changeLog?.jobChanged(record);
  }

  #handOut(record: JobRecord, suspect: boolean, leaseMs: number, nowMs: number): Delivery {
    const { id, body, terms, troubles } = record;
    this.ready.of(terms.priority).remove(record);
    const number = ++this.#deliveries;
    const receipt = this.leases.add(record, momentAfter(nowMs, leaseMs), number);
    record.deliveryCount++;
    this.#changeLog?.jobChanged(record);
    return {
      job: { id, body, headers: terms.headers, priority: terms.priority },
      receipt,
      fence: this.#fenceBase + number,
      deliveryCount: record.deliveryCount,
      failures: troubles.failures,
      errors: troubles.errors,
      enqueuedAt: this.epochMs + record.enqueuedAt,
      leaseUntil: this.epochMs + record.at,
      suspect,
      exhausted: record.deliveryCount > terms.maxDeliveries,
    };
  }

  #countFailure(record: JobRecord, error: string | undefined, nowMs: number): void {
    this.counters.failed++;
    const { failures, reclaims, errors } = record.troubles;
    const at = this.epochMs + Math.floor(nowMs);
    const newest = error === undefined ? [] : [Object.freeze({ at, message: cutErrorText(error) })];
    const kept = newest.length === 0 ? errors : [...errors.slice(1 - KEPT_ERRORS), ...newest];
    record.troubles = { failures: failures + 1, reclaims, errors: Object.freeze(kept) };
  }

  #promote(nowMs: number): boolean {
    for (let promoted = 0; promoted < PASS_LIMIT; promoted++) {
      const record = this.delayed.takeDue(nowMs);
      if (record === undefined) return false;
      // Ready since it was due, however late it is promoted.
      this.ready.of(record.terms.priority).pushTail(record, record.at);
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
      record.troubles = { ...record.troubles, reclaims: record.troubles.reclaims + 1 };
      if (record.troubles.reclaims === 1) first.push(record);
      else this.ready.of(record.terms.priority).pushTail(record, nowMs);
      this.#changeLog?.jobChanged(record);
    }
    // Each goes before all others: the last one first keeps the order in which their leases ended.
    for (let record = first.pop(); record !== undefined; record = first.pop()) {
      this.ready.of(record.terms.priority).pushHead(record, nowMs);
    }
    return count === PASS_LIMIT;
  }

  #forget(record: JobRecord): void {
    record.state = "gone";
    if (this.#indexed) this.#unindex(record);
    const { dedup } = record.terms;
    if (dedup?.at === Infinity) this.dedup.release(dedup);
    this.#changeLog?.jobChanged(record);
  }

  #unindex(record: JobRecord): void {
    this.#index.remove(record);
    // A queue that was asked for a job once need not pay for it for ever. A journal asks all the time.
    if (this.#index.size === 0 && this.#changeLog === undefined) this.#indexed = false;
  }

  #indexAll(): void {
    this.#indexed = true;
    for (const list of [this.ready.high, this.ready.normal, this.ready.low]) {
      for (const record of list.values()) this.#index.add(record);
    }
    for (const record of this.delayed.values()) this.#index.add(record);
    for (const record of this.leases.values()) this.#index.add(record);
  }
}
