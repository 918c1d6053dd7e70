import { sleep } from "@chimera/dlq";
import {
  assertDequeueRequest,
  assertLeaseMs,
  assertSettlements,
  MAX_BATCH,
  QueueError,
  type Delivery,
  type DequeueRequest,
  type EnqueueResult,
  type NewJob,
  type QueueAdmin,
  type QueueBackend,
  type QueueMetrics,
  type Receipt,
  type SettleAndDequeueReply,
  type Settlement,
  type SettleResult,
} from "@chimera/queue-core";
import { BackendEvents, type RedisBackendEvents } from "./backend-events.ts";
import type { RedisHealth } from "./redis-health.ts";
import { resolveBackendOptions, type RedisBackendOptions } from "./backend-options.ts";
import { CallsUnderWay } from "./calls-under-way.ts";
import { NOTHING_FETCHED, type Fetched } from "./deliveries.ts";
import { EnqueueCalls } from "./enqueue-calls.ts";
import { joinMetrics } from "./partition-metrics.ts";
import type { FetchRequest, Partition } from "./partition.ts";
import { PartitionSet } from "./partition-set.ts";
import { RedisQueueAdmin } from "./redis-admin.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { answersOf, callByReceipt, type ReceiptCall } from "./receipt-calls.ts";
import type { ReceiptParts } from "./receipt.ts";
import { fail, toQueueError } from "./server-errors.ts";
import { readSettlements, type ReadSettlement } from "./settlement-runs.ts";

/** Fetches without a wait in a row while a bound is hit and nothing was handed out. */
const MAX_REPEATS = 100;

/**
 * A queue on Redis >= 6.2 or Valkey: all rules of the protocol, on the server's clock, one round trip a call.
 *
 * The connection is shared and stays open when the backend is closed.
 */
export class RedisBackend implements QueueBackend {
  readonly protocol = 1 as const;
  readonly overlapsEnqueues = true;
  readonly name: string;
  readonly admin: QueueAdmin;
  readonly #connection: RedisConnection;
  readonly #set: PartitionSet;
  readonly #events: BackendEvents;
  readonly #enqueues: EnqueueCalls;
  readonly #calls = new CallsUnderWay();
  readonly #forgetReconnects: () => void;
  #closing: Promise<void> | undefined;

  /** Connects to nothing. @throws QueueError `QUEUE_INVALID` with every issue. */
  constructor(name: string, connection: RedisConnection, options: RedisBackendOptions = {}) {
    this.name = name;
    this.#connection = connection;
    this.#events = new BackendEvents(connection.settings.logger);
    this.#enqueues = new EnqueueCalls(connection.settings);
    const release = async (deliveries: readonly Delivery[]): Promise<void> => this.#release(deliveries);
    this.#set = new PartitionSet(
      name,
      connection,
      resolveBackendOptions(name, options),
      this.#events,
      release,
    );
    this.#forgetReconnects = connection.commands.onReconnect(() => this.#events.emit("reconnected", {}));
    this.admin = new RedisQueueAdmin(async () => this.#partitions());
  }

  /**
   * A job is kept once its result says so, as far as the server keeps what it has answered (README, durability). A call
   * whose reply was lost is sent again within the command timeout and never done twice.
   *
   * @throws QueueError `QUEUE_LAYOUT_NEWER`, `QUEUE_PARTITIONS_DIFFER`, `QUEUE_INVALID`, `QUEUE_CLOSED`. Other trouble comes per job.
   */
  async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    return this.#calls.track(this.#enqueue(jobs));
  }

  /** @throws QueueError `BACKEND_UNAVAILABLE` (retryable): what may have been handed out comes back when its lease ends. */
  async dequeue(request: DequeueRequest): Promise<Delivery[]> {
    assertDequeueRequest(request);
    return this.#calls.track(this.#dequeue(request));
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    assertSettlements(settlements);
    return this.#calls.track(this.#settle(settlements));
  }

  async extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    assertLeaseMs(leaseMs);
    return this.#calls.track(this.#extend(receipts, leaseMs));
  }

  async settleAndDequeue(
    settlements: readonly Settlement[],
    request: DequeueRequest,
  ): Promise<SettleAndDequeueReply> {
    assertSettlements(settlements);
    assertDequeueRequest(request);
    return this.#calls.track(this.#settleAndDequeue(settlements, { ...request, waitMs: 0 }));
  }

  async metrics(): Promise<QueueMetrics> {
    const partitions = await this.#partitions();
    const all = partitions.map(async (partition) => partition.metrics());
    return joinMetrics(await Promise.all(all).catch(fail("count jobs")));
  }

  /** A write to every partition that changes nothing, and the waiting connection not overdue. @throws QueueError `BACKEND_UNAVAILABLE` (retryable) */
  async ping(): Promise<void> {
    await this.#partitions();
    await this.#set.ping().catch(fail("answer"));
  }

  /** Calls `listener` for each event until what it returns is called. */
  on<Name extends keyof RedisBackendEvents>(
    name: Name,
    listener: (event: RedisBackendEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /** How the connections stand, from what is known here and now; asks nothing of the server. */
  health(): RedisHealth {
    const { isReady, silentMs } = this.#connection.commands;
    return {
      connected: isReady,
      silentMs,
      waitingMs: this.#set.blockedMs,
      preflight: this.#connection.lastPreflight,
    };
  }

  /** Waits for the answers of calls that were made before, and gives back what is handed out to them. */
  async close({ deadlineMs = 10_000 }: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(deadlineMs: number): Promise<void> {
    const patience = new AbortController();
    const deadline = sleep(this.#connection.settings.clock, deadlineMs, patience.signal).catch(() => {});
    this.#enqueues.stop();
    await Promise.race([Promise.all([this.#set.close(), this.#calls.idle()]), deadline]);
    patience.abort();
    this.#set.drop();
    this.#forgetReconnects();
  }

  /** A fetch that fails because the backend was closed meanwhile has found nothing. */
  readonly #failed = (error: unknown): Fetched => {
    if (this.#closing === undefined) throw toQueueError(error, "hand out jobs");
    return NOTHING_FETCHED;
  };

  /** The partitions, opened once. @throws QueueError */
  async #partitions(): Promise<readonly Partition[]> {
    if (this.#closing !== undefined) throw new QueueError("QUEUE_CLOSED", `Queue \`${this.name}\` is closed`);
    return this.#set.opened ?? (await this.#set.open().catch(fail("open the queue")));
  }

  async #enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    return this.#enqueues.enqueue(await this.#partitions(), jobs);
  }

  async #dequeue(request: DequeueRequest): Promise<Delivery[]> {
    const deliveries = await this.#firstOf(request);
    return request.signal?.aborted === true ? this.#givenBack(deliveries) : this.#unlessClosed(deliveries);
  }

  async #firstOf(request: DequeueRequest): Promise<Delivery[]> {
    const { waitMs = 0, signal } = request;
    const { clock } = this.#connection.settings;
    const untilMs = clock.monotonic() + waitMs;
    await this.#partitions();
    if (signal?.aborted) return [];
    for (let tries = 0; ; tries++) {
      const askedAt = clock.monotonic();
      const { deliveries, more, nextDueMs } = await this.#set.fetch(request, waitMs > 0).catch(this.#failed);
      if (deliveries.length > 0 || (!more && waitMs === 0) || tries >= MAX_REPEATS) return deliveries;
      if (!more) return this.#set.wait(request, untilMs, nextDueMs, askedAt);
    }
  }

  async #settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    const partitions = await this.#partitions();
    const read = partitions.length === 1 ? readSettlements(settlements) : undefined;
    if (read !== undefined && read.length <= MAX_BATCH) {
      return answersOf(partitions[0] as Partition, read, SETTLE_CALL);
    }
    return callByReceipt(
      partitions,
      settlements,
      ({ receipt }) => receipt,
      (settlement, receipt): ReadSettlement => ({ settlement, receipt }),
      SETTLE_CALL,
    );
  }

  async #settleAndDequeue(
    settlements: readonly Settlement[],
    request: DequeueRequest,
  ): Promise<SettleAndDequeueReply> {
    const partitions = await this.#partitions();
    const read = partitions.length === 1 ? readSettlements(settlements) : undefined;
    if (read === undefined || read.length > MAX_BATCH) {
      const results = await this.#settle(settlements);
      return { results, deliveries: await this.#dequeue(request).catch(() => []) };
    }
    const { max, leaseMs } = request;
    const fetch: FetchRequest = { max, leaseMs, sleepMs: 0, refuseSuspect: false };
    const call = (partitions[0] as Partition).settleAndDequeue(read, fetch);
    const { results, fetched } = await call.catch(fail("settle jobs"));
    const { deliveries, more } = fetched;
    if (deliveries.length > 0 || !more) return { results, deliveries: await this.#unlessClosed(deliveries) };
    // A bound was hit before the first job that can be handed out.
    return { results, deliveries: await this.#dequeue(request).catch(() => []) };
  }

  async #extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    return callByReceipt(
      await this.#partitions(),
      receipts,
      (receipt) => receipt,
      (_, parts): ReceiptParts => parts,
      { send: async (partition, items) => partition.extend(items, leaseMs), what: "extend leases" },
    );
  }

  /** The deliveries, unless the backend was closed meanwhile: nothing could settle them then. */
  async #unlessClosed(deliveries: Delivery[]): Promise<Delivery[]> {
    return this.#closing === undefined ? deliveries : this.#givenBack(deliveries);
  }

  async #givenBack(deliveries: readonly Delivery[]): Promise<Delivery[]> {
    if (deliveries.length > 0) await this.#release(deliveries);
    return [];
  }

  /** Gives back, in their order, what arrived after its caller had gone. Their leases end anyway should this fail. */
  async #release(deliveries: readonly Delivery[]): Promise<void> {
    const settlements = deliveries
      .map(({ receipt }) => ({ receipt, outcome: "release" }) as const)
      .toReversed();
    await this.#set.settleLate(settlements).catch(() => {});
  }
}

const SETTLE_CALL: ReceiptCall<ReadSettlement> = {
  send: async (partition, items) => partition.settle(items),
  what: "settle jobs",
};
