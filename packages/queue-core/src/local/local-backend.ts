import type { Clock } from "@chimera/dlq";
import type { EnqueueNow } from "../enqueue-now.ts";
import { assertDequeueRequest, assertLeaseMs, assertSettlements } from "../contract-checks.ts";
import { QueueError } from "../errors.ts";
import type {
  Delivery,
  DequeueRequest,
  EnqueueResult,
  NewJob,
  QueueAdmin,
  QueueBackend,
  QueueMetrics,
  Receipt,
  SettleAndDequeueReply,
  Settlement,
  SettleResult,
} from "../protocol.ts";
import { JobStore } from "./job-store.ts";
import { Journal } from "./journal/journal.ts";
import { LocalAdmin } from "./local-admin.ts";
import { resolveLocalBackendOptions, type LocalBackendOptions } from "./local-backend-options.ts";
import { metricsOf } from "./local-metrics.ts";
import { WaitingList } from "./waiting-list.ts";

/** A dequeue by a caller that asks several backends for one batch. */
export interface LocalDequeueRequest extends DequeueRequest {
  /** Leaves a suspect where it is: the caller holds other deliveries already, and a suspect runs alone. @defaultValue false */
  readonly refuseSuspect?: boolean;
}

/** Dedup keys that one enqueue call forgets at most. */
const SWEEP_LIMIT = 250;
const DEFAULT_CLOSE_DEADLINE_MS = 10_000;

/**
 * The queue protocol in one process: every rule, in memory, or on disk as well with a `journal`.
 *
 * Each job costs O(log n) in the jobs of its place; there is no timer a job. Its clock is set once from the wall clock
 * and then runs with the monotonic one, so that setting the wall clock moves no lease and no delay.
 *
 * With a journal, the first call opens it, and every call may reject with `QUEUE_JOURNAL`: then nothing has changed.
 * A write that fails later makes the results of its call `unknown`.
 */
export class LocalBackend implements QueueBackend {
  readonly protocol = 1;
  readonly name: string;
  readonly admin: QueueAdmin;
  /** @internal How `Queue` enqueues without waiting; none with a journal, where there is something to wait for. */
  readonly enqueueNow: EnqueueNow | undefined;

  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #store: JobStore;
  readonly #journal: Journal | undefined;
  readonly #waiting: WaitingList;
  #closing: Promise<void> | undefined;

  /** Touches no disk. @throws QueueError `QUEUE_INVALID` with every issue of name and options. */
  constructor(name: string, options: LocalBackendOptions = {}) {
    const { clock, maxDepth, createId, journal, logger } = resolveLocalBackendOptions(name, options);
    this.name = name;
    this.#clock = clock;
    this.#startMs = clock.monotonic();
    this.#journal = journal && new Journal(name, journal, logger);
    this.#store = new JobStore({
      maxDepth,
      receiptPrefix: `${createId()}.`,
      epochMs: Math.floor(clock.now()),
      changeLog: this.#journal,
    });
    this.#waiting = new WaitingList({
      clock,
      now: () => this.#now(),
      take: (request) => this.#take(request),
      nextDueAt: () => this.#store.nextDueAt(),
    });
    this.enqueueNow = journal === undefined ? (job) => this.#enqueueNow(job) : undefined;
    this.admin = new LocalAdmin(async (step) => {
      await this.#ready();
      const result = step(this.#store, this.#now());
      this.#waiting.wake();
      await this.#journal?.durable();
      return result;
    });
  }

  async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    if (this.#isOpening()) await this.#ready();
    const nowMs = this.#now();
    this.#store.dedup.sweep(nowMs, SWEEP_LIMIT);
    const results = jobs.map((job) => this.#store.enqueue(job, nowMs));
    this.#waiting.wake();
    return this.#journal === undefined ? results : this.#kept(this.#journal, results);
  }

  async dequeue(request: LocalDequeueRequest): Promise<Delivery[]> {
    if (this.#isOpening()) await this.#ready();
    assertDequeueRequest(request);
    const { waitMs = 0, signal } = request;
    if (signal?.aborted === true) return [];
    let deliveries = this.#take(request);
    if (deliveries.length === 0 && waitMs > 0) deliveries = await this.#waiting.wait(request, waitMs);
    else this.#waiting.wake();
    if (this.#journal !== undefined && deliveries.length > 0) await this.#handOut(this.#journal, deliveries);
    return deliveries;
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    if (this.#isOpening()) await this.#ready();
    const results = this.#settle(settlements);
    return this.#journal === undefined ? results : this.#kept(this.#journal, results);
  }

  async settleAndDequeue(
    settlements: readonly Settlement[],
    request: DequeueRequest,
  ): Promise<SettleAndDequeueReply> {
    if (this.#isOpening()) await this.#ready();
    assertDequeueRequest(request);
    const results = this.#settle(settlements);
    const deliveries = this.#take(request);
    if (this.#journal === undefined) return { results, deliveries };
    const [kept] = await Promise.all([
      this.#kept(this.#journal, results),
      this.#handOut(this.#journal, deliveries),
    ]);
    return { results: kept, deliveries };
  }

  async extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    if (this.#isOpening()) await this.#ready();
    assertLeaseMs(leaseMs);
    const nowMs = this.#now();
    const results = receipts.map((receipt) => this.#store.extend(receipt, leaseMs, nowMs));
    this.#waiting.wake();
    // Not journaled: after a crash every lease counts as expired.
    return results;
  }

  async metrics(): Promise<QueueMetrics> {
    if (this.#isOpening()) await this.#ready();
    return metricsOf(this.#store, this.#now(), this.#journal?.durability ?? "memory");
  }

  /** With a journal: resolves when it is open and can be written. */
  async ping(): Promise<void> {
    await this.#ready();
  }

  async close({
    deadlineMs = DEFAULT_CLOSE_DEADLINE_MS,
  }: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#waiting.close();
    if (this.#journal === undefined) return;
    const closed = this.#journal.close();
    await new Promise<void>((resolve) => {
      const timer = this.#clock.schedule(resolve, deadlineMs);
      void closed.finally(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #enqueueNow(job: NewJob): EnqueueResult {
    this.#assertOpen();
    const nowMs = this.#now();
    this.#store.dedup.sweep(nowMs, SWEEP_LIMIT);
    const result = this.#store.enqueue(job, nowMs, job.fresh);
    this.#waiting.wake();
    return result;
  }

  #settle(settlements: readonly Settlement[]): SettleResult[] {
    assertSettlements(settlements);
    const nowMs = this.#now();
    const results = settlements.map((settlement) => this.#store.settle(settlement, nowMs));
    this.#waiting.wake();
    return results;
  }

  #take({ max, leaseMs, refuseSuspect }: LocalDequeueRequest): Delivery[] {
    const nowMs = this.#now();
    for (;;) {
      const more = this.#store.refresh(nowMs);
      const deliveries = this.#store.deliver(max, leaseMs, nowMs, refuseSuspect);
      if (deliveries.length > 0 || !more) return deliveries;
    }
  }

  /** The results once they are kept, or what is known of them when that has failed. */
  async #kept<Result extends EnqueueResult | SettleResult>(
    journal: Journal,
    results: Result[],
  ): Promise<(Result | { readonly status: "unknown"; readonly error: unknown })[]> {
    try {
      await journal.durable();
      return results;
    } catch (error) {
      return results.map(() => ({ status: "unknown", error }));
    }
  }

  /** A delivery that is not in the journal would not count after a crash, so it must not be seen. */
  async #handOut(journal: Journal, deliveries: readonly Delivery[]): Promise<void> {
    try {
      await journal.written();
    } catch (error) {
      for (const { receipt } of deliveries.toReversed()) {
        this.#store.settle({ receipt, outcome: "release" }, this.#now());
      }
      throw error;
    }
  }

  /** Whether a call must ask {@link #ready} first: always with a journal, and when closed. A promise fewer otherwise. */
  #isOpening(): boolean {
    return this.#journal !== undefined || this.#closing !== undefined;
  }

  async #ready(): Promise<void> {
    this.#assertOpen();
    await this.#journal?.ready(this.#store);
    this.#assertOpen();
  }

  #now(): number {
    return this.#clock.monotonic() - this.#startMs;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) {
      throw new QueueError("QUEUE_CLOSED", `The queue \`${this.name}\` was closed`);
    }
  }
}
