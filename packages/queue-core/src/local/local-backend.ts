import type { Clock } from "@chimera/dlq";
import { assertDequeueRequest, assertLeaseMs } from "../contract-checks.ts";
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
import { LocalAdmin } from "./local-admin.ts";
import { resolveLocalBackendOptions, type LocalBackendOptions } from "./local-backend-options.ts";
import { metricsOf } from "./local-metrics.ts";
import { WaitingList } from "./waiting-list.ts";

/** Dedup keys that one enqueue call forgets at most. */
const SWEEP_LIMIT = 250;

/**
 * The queue protocol in the memory of one process: every rule, nothing kept across a crash.
 *
 * Each job costs O(log n) in the jobs of its place; there is no timer a job. Its clock is set once from the wall clock
 * and then runs with the monotonic one, so that setting the wall clock moves no lease and no delay.
 */
export class LocalBackend implements QueueBackend {
  readonly protocol = 1;
  readonly name: string;
  readonly admin: QueueAdmin;

  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #store: JobStore;
  readonly #waiting: WaitingList;
  #closed = false;

  /** @throws QueueError `QUEUE_INVALID` with every issue of name and options. */
  constructor(name: string, options: LocalBackendOptions = {}) {
    const { clock, maxDepth, createId } = resolveLocalBackendOptions(name, options);
    this.name = name;
    this.#clock = clock;
    this.#startMs = clock.monotonic();
    this.#store = new JobStore({
      maxDepth,
      receiptPrefix: `${createId()}.`,
      epochMs: Math.floor(clock.now()),
    });
    this.#waiting = new WaitingList({
      clock,
      now: () => this.#now(),
      take: (request) => this.#take(request),
      nextDueAt: () => this.#store.nextDueAt(),
    });
    this.admin = new LocalAdmin(async (step) => {
      this.#assertOpen();
      const result = step(this.#store, this.#now());
      this.#waiting.wake();
      return result;
    });
  }

  async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    this.#assertOpen();
    const nowMs = this.#now();
    this.#store.dedup.sweep(nowMs, SWEEP_LIMIT);
    const results = jobs.map((job) => this.#store.enqueue(job, nowMs));
    this.#waiting.wake();
    return results;
  }

  async dequeue(request: DequeueRequest): Promise<Delivery[]> {
    this.#assertOpen();
    assertDequeueRequest(request);
    const { waitMs = 0, signal } = request;
    if (signal?.aborted === true) return [];
    const deliveries = this.#take(request);
    if (deliveries.length === 0 && waitMs > 0) return this.#waiting.wait(request, waitMs);
    this.#waiting.wake();
    return deliveries;
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    this.#assertOpen();
    return this.#settle(settlements);
  }

  async settleAndDequeue(
    settlements: readonly Settlement[],
    request: DequeueRequest,
  ): Promise<SettleAndDequeueReply> {
    this.#assertOpen();
    assertDequeueRequest(request);
    const results = this.#settle(settlements);
    return { results, deliveries: this.#take(request) };
  }

  async extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    this.#assertOpen();
    assertLeaseMs(leaseMs);
    const nowMs = this.#now();
    const results = receipts.map((receipt) => this.#store.extend(receipt, leaseMs, nowMs));
    this.#waiting.wake();
    return results;
  }

  async metrics(): Promise<QueueMetrics> {
    this.#assertOpen();
    return metricsOf(this.#store, this.#now(), "memory");
  }

  async ping(): Promise<void> {
    this.#assertOpen();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #settle(settlements: readonly Settlement[]): SettleResult[] {
    const nowMs = this.#now();
    const results = settlements.map((settlement) => this.#store.settle(settlement, nowMs));
    this.#waiting.wake();
    return results;
  }

  #take({ max, leaseMs }: DequeueRequest): Delivery[] {
    const nowMs = this.#now();
    for (;;) {
      const more = this.#store.refresh(nowMs);
      const deliveries = this.#store.deliver(max, leaseMs, nowMs);
      if (deliveries.length > 0 || !more) return deliveries;
    }
  }

  #now(): number {
    return this.#clock.monotonic() - this.#startMs;
  }

  #assertOpen(): void {
    if (this.#closed) throw new QueueError("QUEUE_CLOSED", `The queue \`${this.name}\` was closed`);
  }
}
