import {
  MAX_BATCH,
  QueueError,
  type Delivery,
  type DequeueRequest,
  type Settlement,
} from "@chimera/queue-core";
import type { BackendEvents } from "./backend-events.ts";
import type { ResolvedBackendOptions } from "./backend-options.ts";
import type { Fetched } from "./deliveries.ts";
import { Confirmation } from "./confirmation.ts";
import { partitionKeys, type PartitionKeys } from "./keys.ts";
import type { ServerLink } from "./server-link.ts";
import { changePartitions } from "./partition-change.ts";
import { shareOut } from "./partition-choice.ts";
import { PartitionTurns } from "./partition-turns.ts";
import { Partition, type PartitionOptions } from "./partition.ts";
import { ProducerSlots } from "./producer-slots.ts";
import { createNonces, readReceipt } from "./receipt.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { ScriptRunner } from "./script-runner.ts";
import { ServerClock } from "./server-clock.ts";
import { toQueueError } from "./server-errors.ts";
import type { ReadSettlement } from "./settlement-runs.ts";
import { MessageListener } from "./message-listener.ts";
import { BLOCK_MS, WakeListener, WATCHDOG_MS, type Waiter } from "./wake-listener.ts";

/** The partitions of one queue, opened together, fetched from in turn. */
export class PartitionSet {
  readonly #name: string;
  readonly #connection: RedisConnection;
  readonly #options: ResolvedBackendOptions;
  readonly #events: BackendEvents;
  readonly #partitions: readonly Partition[];
  readonly #turns: PartitionTurns;
  readonly #listener: Waiter;
  #opening: Promise<readonly Partition[]> | undefined;
  #opened: readonly Partition[] | undefined;
  #confirming: ServerLink | undefined;

  constructor(
    name: string,
    connection: RedisConnection,
    options: ResolvedBackendOptions,
    events: BackendEvents,
    release: (deliveries: readonly Delivery[]) => Promise<void>,
  ) {
    this.#name = name;
    this.#connection = connection;
    this.#options = options;
    this.#events = events;
    const nextNonce = createNonces();
    this.#partitions = Array.from({ length: options.partitions }, (_, index) =>
      this.#partition(index, nextNonce),
    );
    this.#turns = new PartitionTurns({
      partitions: this.#partitions,
      clock: connection.settings.clock,
      release,
      onFailure: (partition, error) => this.#logFailure(partition, error),
    });
    this.#listener =
      options.partitions === 1 ? this.#wakeListener(release) : this.#messageListener(options.partitions);
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

  /** What is ready, from the partitions in turn. Rejects only when it holds nothing: what it holds is under a lease already. */
  async fetch(request: DequeueRequest, willWait: boolean): Promise<Fetched> {
    return this.#turns.fetch(request, willWait ? BLOCK_MS + WATCHDOG_MS : 0);
  }

  /** The first deliveries before `untilMs`, or []. As {@link Waiter.wait} has it. */
  async wait(...args: Parameters<Waiter["wait"]>): Promise<Delivery[]> {
    return this.#listener.wait(...args);
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

  /** Milliseconds that the current blocking call has lasted. */
  get blockedMs(): number {
    return this.#listener.blockedMs;
  }

  /** Rejects where an enqueue would be refused, but for a full server: that one still drains. */
  async ping(): Promise<void> {
    const all = await Promise.all(this.#partitions.map(async (partition) => partition.census()));
    const count = all.length;
    for (const { partitions = count } of all) if (partitions !== count) throw this.#differ(partitions);
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
    if (this.#confirming !== undefined) this.#connection.closeLink(this.#confirming);
  }

  #wakeListener(release: (deliveries: readonly Delivery[]) => Promise<void>): Waiter {
    const connection = this.#connection;
    const keys = partitionKeys(connection.settings.prefix, this.#name, 0);
    return new WakeListener({ connection, keys, partition: this.#partitions[0] as Partition, release });
  }

  #messageListener(partitions: number): Waiter {
    const { prefix } = this.#connection.settings;
    const keys = Array.from({ length: partitions }, (_, index) => partitionKeys(prefix, this.#name, index));
    const fetch = async (request: DequeueRequest): Promise<Fetched> => this.fetch(request, true);
    return new MessageListener({ connection: this.#connection, keys, fetch });
  }

  #partition(index: number, nextNonce: () => string): Partition {
    const { prefix, clock, commandTimeoutMs } = this.#connection.settings;
    const { partitions, maxDepth } = this.#options;
    const keys = partitionKeys(prefix, this.#name, index);
    const runner = new ScriptRunner({ link: this.#connection.commands, keys, clock, commandTimeoutMs });
    const slots = new ProducerSlots();
    const confirmation = this.#confirmation(keys);
    return new Partition({
      index,
      partitions,
      maxDepth: Math.ceil(maxDepth / partitions),
      runner,
      slots,
      nextNonce,
      serverClock: new ServerClock(clock),
      onReclaimed: (count) => this.#events.emit("reclaimed", { count }),
      confirmation,
    });
  }

  #confirmation(keys: PartitionKeys): PartitionOptions["confirmation"] {
    const { durability, confirmTimeoutMs: timeoutMs } = this.#options;
    if (durability === "memory") return undefined;
    const { clock, commandTimeoutMs } = this.#connection.settings;
    this.#confirming ??= this.#connection.openLink("confirming");
    const link = this.#confirming;
    const runner = new ScriptRunner({ link, keys, clock, commandTimeoutMs });
    const confirmation = new Confirmation({ link, key: keys.meta, durability, timeoutMs });
    return { runner, confirm: async () => confirmation.confirm() };
  }

  async #open(): Promise<readonly Partition[]> {
    await this.#connection.preflight();
    const count = this.#partitions.length;
    const [first, ...others] = this.#partitions as readonly [Partition, ...Partition[]];
    const held: [number, ...number[]] = [await first.open()];
    if (held[0] === count) held.push(...(await Promise.all(others.map(async (each) => each.open()))));
    if (held.some((number) => number !== count)) {
      // A change that will be refused must not close the queue to those who use it, not for a moment.
      if (await this.#holdsJobs(held[0])) throw this.#differ(held[0]);
      const number = await changePartitions(count, (index) => this.#partition(index, () => "").admin);
      if (number !== String(count)) throw this.#differ(Number(number));
    }
    return this.#partitions;
  }

  /** Whether there are jobs over this other number of partitions. */
  async #holdsJobs(partitions: number): Promise<boolean> {
    if (partitions === this.#partitions.length) return false;
    const all = Array.from({ length: Math.max(0, partitions) }, (_, index) =>
      this.#partition(index, () => ""),
    );
    const counts = await Promise.all(all.map(async (partition) => partition.census()));
    return counts.some(({ jobs }) => jobs > 0);
  }

  /** Says what no caller is told, since others had something to hand out. */
  #logFailure({ index }: Partition, error: unknown): void {
    const { message } = toQueueError(error, "hand out jobs");
    this.#connection.settings.logger.warn("redis.partition_failed", {
      queue: this.#name,
      partition: index,
      message,
    });
  }

  #differ(held: number): QueueError {
    const count = this.#partitions.length;
    const why =
      held === count
        ? "is being opened with another number of partitions; open it everywhere with the same"
        : `holds jobs over ${held} partitions, not ${count}; open it with \`partitions: ${held}\` or drain it first`;
    return new QueueError("QUEUE_PARTITIONS_DIFFER", `Queue \`${this.#name}\` ${why}`);
  }
}
