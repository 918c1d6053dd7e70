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
import { NOTHING_FETCHED, type Fetched } from "./deliveries.ts";
import { isOneCall, shareOut, shareOutJobs } from "./partition-choice.ts";
import { joinMetrics } from "./partition-metrics.ts";
import type { FetchRequest, Partition } from "./partition.ts";
import { PartitionSet } from "./partition-set.ts";
import { RedisQueueAdmin } from "./redis-admin.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { readReceipt, type ReceiptParts } from "./receipt.ts";
import { isWhole } from "./record.ts";
import { ENQUEUE, ENQUEUE_FRESH } from "./scripts/enqueue.lua.ts";
import type { Script } from "./scripts/script.ts";
import { classifyFailure, fail, toQueueError } from "./server-errors.ts";
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
  readonly #forgetReconnects: () => void;
  #closing: Promise<void> | undefined;

  /** Connects to nothing. @throws QueueError `QUEUE_INVALID` with every issue. */
  constructor(name: string, connection: RedisConnection, options: RedisBackendOptions = {}) {
    this.name = name;
    this.#connection = connection;
    this.#events = new BackendEvents(connection.settings.logger);
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
    const partitions = await this.#partitions();
    // One script for all of a call's pieces: were the server to know only one of two, the other's piece would come late.
    const script = jobs.every(isWhole) ? ENQUEUE_FRESH : ENQUEUE;
    if (partitions.length === 1 && isOneCall(jobs)) return this.#enqueueSome(partitions[0], jobs, script);
    const pieces = shareOutJobs(jobs, partitions.length);
    const results: EnqueueResult[] = Array.from({ length: jobs.length });
    await Promise.all(
      pieces.map(async ({ partition, share }) => {
        const some = await this.#enqueueSome(partitions[partition], share.items, script);
        some.forEach((result, index) => (results[share.places[index] as number] = result));
      }),
    );
    return results;
  }

  /** @throws QueueError `BACKEND_UNAVAILABLE` (retryable): what may have been handed out comes back when its lease ends. */
  async dequeue(request: DequeueRequest): Promise<Delivery[]> {
    assertDequeueRequest(request);
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

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    assertSettlements(settlements);
    const partitions = await this.#partitions();
    const read = partitions.length === 1 ? readSettlements(settlements) : undefined;
    if (read !== undefined && read.length <= MAX_BATCH) {
      return this.#answers(partitions[0] as Partition, read, SETTLE_CALL, "settle jobs");
    }
    return this.#byReceipt(
      settlements,
      ({ receipt }) => receipt,
      (settlement, receipt): ReadSettlement => ({ settlement, receipt }),
      SETTLE_CALL,
      "settle jobs",
    );
  }

  async extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    assertLeaseMs(leaseMs);
    return this.#byReceipt(
      receipts,
      (receipt) => receipt,
      (_, parts): ReceiptParts => parts,
      async (partition, items) => partition.extend(items, leaseMs),
      "extend leases",
    );
  }

  async settleAndDequeue(
    settlements: readonly Settlement[],
    request: DequeueRequest,
  ): Promise<SettleAndDequeueReply> {
    const partitions = await this.#partitions();
    const [only] = partitions;
    const read = only !== undefined && partitions.length === 1 ? readSettlements(settlements) : undefined;
    if (only === undefined || read === undefined || settlements.length > MAX_BATCH) {
      const results = await this.settle(settlements);
      const deliveries = await this.dequeue({ ...request, waitMs: 0 }).catch(() => []);
      return { results, deliveries };
    }
    assertDequeueRequest(request);
    assertSettlements(settlements);
    const fetch: FetchRequest = {
      max: request.max,
      leaseMs: request.leaseMs,
      sleepMs: 0,
      refuseSuspect: false,
    };
    const { results, fetched } = await only.settleAndDequeue(read, fetch).catch(fail("settle jobs"));
    const { deliveries, more } = fetched;
    if (deliveries.length > 0 || !more) return { results, deliveries };
    // A bound was hit before the first job that can be handed out.
    return { results, deliveries: await this.dequeue({ ...request, waitMs: 0 }).catch(() => []) };
  }

  async metrics(): Promise<QueueMetrics> {
    const partitions = await this.#partitions();
    const all = partitions.map(async (partition) => partition.metrics());
    return joinMetrics(await Promise.all(all).catch(fail("count jobs")));
  }

  /** A round trip to every partition, and the waiting connection not overdue. @throws QueueError `BACKEND_UNAVAILABLE` (retryable) */
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
    await Promise.race([this.#set.close(), deadline]);
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

  async #enqueueSome(
    partition: Partition | undefined,
    jobs: readonly NewJob[],
    script: Script,
  ): Promise<EnqueueResult[]> {
    if (partition === undefined) return [];
    const { clock, commandTimeoutMs } = this.#connection.settings;
    const deadline = clock.monotonic() + commandTimeoutMs;
    try {
      return await partition.enqueue(
        jobs,
        script,
        (error) =>
          classifyFailure(error) === "unknown" && clock.monotonic() < deadline && this.#closing === undefined,
      );
    } catch (error) {
      const known = toQueueError(error, "store jobs");
      if (known.code === "QUEUE_LAYOUT_NEWER" || known.code === "QUEUE_PARTITIONS_DIFFER") throw known;
      return jobs.map(() => ({ status: "unknown", error: known }));
    }
  }

  async #byReceipt<Item, Read>(
    items: readonly Item[],
    receiptOf: (item: Item) => Receipt,
    readItem: (item: Item, receipt: ReceiptParts) => Read,
    call: (partition: Partition, items: readonly Read[]) => Promise<SettleResult[]>,
    what: string,
  ): Promise<SettleResult[]> {
    const partitions = await this.#partitions();
    const results: SettleResult[] = Array.from({ length: items.length }, () => "stale");
    const current: { read: Read; place: number; partition: number }[] = [];
    items.forEach((item, place) => {
      const parts = readReceipt(receiptOf(item), partitions.length);
      if (parts !== undefined)
        current.push({ read: readItem(item, parts), place, partition: parts.partition });
    });
    const pieces = shareOut(current, MAX_BATCH, ({ partition }) => partition);
    await Promise.all(
      pieces.map(async ({ partition, share }) => {
        const some = await this.#answers(
          partitions[partition] as Partition,
          share.items.map(({ read }) => read),
          call,
          what,
        );
        some.forEach((result, index) => (results[share.items[index]?.place ?? 0] = result));
      }),
    );
    return results;
  }

  async #answers<Read>(
    partition: Partition,
    items: readonly Read[],
    call: (partition: Partition, items: readonly Read[]) => Promise<SettleResult[]>,
    what: string,
  ): Promise<SettleResult[]> {
    try {
      return await call(partition, items);
    } catch (error) {
      const known = toQueueError(error, what);
      return items.map(() => ({ status: "unknown", error: known }));
    }
  }

  /** Gives back, in their order, what arrived after its caller had gone. Their leases end anyway should this fail. */
  async #release(deliveries: readonly Delivery[]): Promise<void> {
    const settlements = deliveries
      .map(({ receipt }) => ({ receipt, outcome: "release" }) as const)
      .toReversed();
    await this.#set.settleLate(settlements);
  }
}

const SETTLE_CALL = async (partition: Partition, items: readonly ReadSettlement[]): Promise<SettleResult[]> =>
  partition.settle(items);
