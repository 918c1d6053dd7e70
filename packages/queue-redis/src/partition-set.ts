import {
  MAX_BATCH,
  QueueError,
  type Delivery,
  type DequeueRequest,
  type Settlement,
} from "@chimera/queue-core";
import type { ResolvedBackendOptions } from "./backend-options.ts";
import type { Fetched } from "./deliveries.ts";
import { partitionKeys } from "./keys.ts";
import { shareOut } from "./partition-choice.ts";
import { Partition } from "./partition.ts";
import { ProducerSlots } from "./producer-slots.ts";
import { createNonces, readReceipt } from "./receipt.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { ScriptRunner } from "./script-runner.ts";
import type { ReadSettlement } from "./settlement-runs.ts";
import { BLOCK_MS, WakeListener, WATCHDOG_MS } from "./wake-listener.ts";

const NOTHING: Fetched = { deliveries: [], more: false, paused: false, nextDueMs: undefined };

/** The partitions of one queue, opened together, fetched from in turn. */
export class PartitionSet {
  readonly #name: string;
  readonly #connection: RedisConnection;
  readonly #options: ResolvedBackendOptions;
  readonly #partitions: readonly Partition[];
  readonly #listener: WakeListener;
  #opening: Promise<readonly Partition[]> | undefined;
  #opened: readonly Partition[] | undefined;
  #turn = 0;

  constructor(
    name: string,
    connection: RedisConnection,
    options: ResolvedBackendOptions,
    release: (deliveries: readonly Delivery[]) => Promise<void>,
  ) {
    this.#name = name;
    this.#connection = connection;
    this.#options = options;
    const nextNonce = createNonces();
    this.#partitions = Array.from({ length: options.partitions }, (_, index) =>
      this.#partition(index, nextNonce),
    );
    this.#listener = new WakeListener({
      connection,
      keys: partitionKeys(connection.settings.prefix, name, 0),
      partition: this.#partitions[0] as Partition,
      release,
    });
  }

  /** The partitions once they are open. */
  get opened(): readonly Partition[] | undefined {
    return this.#opened;
  }

  /**
   * Makes sure that the queue is spread over this many partitions, or has no jobs yet.
   *
   * @throws QueueError `QUEUE_PARTITIONS_DIFFER`, and what the driver throws; then it may be tried again.
   */
  async open(): Promise<readonly Partition[]> {
    this.#opening ??= this.#open();
    try {
      this.#opened = await this.#opening;
      return this.#opened;
    } finally {
      this.#opening = undefined;
    }
  }

  /** What is ready, from the partitions in turn. */
  async fetch(request: DequeueRequest, willWait: boolean): Promise<Fetched> {
    const sleepMs = willWait ? BLOCK_MS + WATCHDOG_MS : 0;
    const { max, leaseMs } = request;
    let joined = NOTHING;
    const start = this.#turn++;
    for (let step = 0; step < this.#partitions.length; step++) {
      const partition = this.#partitions[(start + step) % this.#partitions.length] as Partition;
      const room = max - joined.deliveries.length;
      if (room === 0 || joined.deliveries[0]?.suspect === true) break;
      const refuseSuspect = joined.deliveries.length > 0;
      joined = join(joined, await partition.dequeue({ max: room, leaseMs, sleepMs, refuseSuspect }));
    }
    return joined;
  }

  /** The first deliveries before `untilMs`, or []. */
  async wait(request: DequeueRequest, untilMs: number, nextDueMs: number | undefined): Promise<Delivery[]> {
    return this.#listener.wait(request, untilMs, nextDueMs);
  }

  /** Settles after `close` has begun. */
  async settleLate(settlements: readonly Settlement[]): Promise<void> {
    const read = settlements.flatMap((settlement): ReadSettlement[] => {
      const receipt = readReceipt(settlement.receipt, this.#partitions.length);
      return receipt === undefined ? [] : [{ settlement, receipt }];
    });
    for (const { partition, share } of shareOut(read, MAX_BATCH, ({ receipt }) => receipt.partition)) {
      await this.#partitions[partition]?.settle(share.items);
    }
  }

  async ping(): Promise<void> {
    await Promise.all(this.#partitions.map(async (partition) => partition.census()));
    if (this.#listener.blockedMs > BLOCK_MS + WATCHDOG_MS) {
      throw new QueueError("BACKEND_UNAVAILABLE", "The connection that waits for jobs does not answer", {
        retryable: true,
      });
    }
  }

  /** Ends the waits and gives back what was on its way to them. */
  async close(): Promise<void> {
    await this.#listener.close();
  }

  drop(): void {
    this.#listener.drop();
  }

  #partition(index: number, nextNonce: () => string): Partition {
    const { prefix, clock, commandTimeoutMs } = this.#connection.settings;
    const { partitions, maxDepth } = this.#options;
    const keys = partitionKeys(prefix, this.#name, index);
    const runner = new ScriptRunner({ link: this.#connection.commands, keys, clock, commandTimeoutMs });
    const slots = new ProducerSlots();
    return new Partition({
      index,
      partitions,
      maxDepth: Math.ceil(maxDepth / partitions),
      runner,
      slots,
      nextNonce,
    });
  }

  async #open(): Promise<readonly Partition[]> {
    await this.#connection.preflight();
    const held = await this.#partitions[0]?.open();
    const count = this.#partitions.length;
    if (held !== undefined && held !== count) {
      throw new QueueError(
        "QUEUE_PARTITIONS_DIFFER",
        `Queue \`${this.#name}\` holds jobs over ${held} partitions, not ${count}; open it with \`partitions: ${held}\` or drain it first`,
      );
    }
    return this.#partitions;
  }
}

function join(one: Fetched, other: Fetched): Fetched {
  const dues = [one.nextDueMs, other.nextDueMs].filter((due) => due !== undefined);
  return {
    deliveries: one.deliveries.concat(other.deliveries),
    more: one.more || other.more,
    paused: one.paused || other.paused,
    nextDueMs: dues.length === 0 ? undefined : Math.min(...dues),
  };
}
