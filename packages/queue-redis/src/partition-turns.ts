import type { Clock, Timer } from "@chimera/dlq";
import type { Delivery, DequeueRequest } from "@chimera/queue-core";
import { NOTHING_FETCHED, type Fetched } from "./deliveries.ts";
import type { Partition } from "./partition.ts";

/** How long the first partition that does not answer is waited for before others are asked, in milliseconds. */
const FIRST_PATIENCE_MS = 1_000;
/** How long one is waited for while others have handed out jobs, in milliseconds at least. */
const PATIENCE_MS = 250;
/** The same in times the slowest answer before it: a server that is slow with everything is not silent. */
const PATIENCE_TIMES = 4;

/** A partition and its answer, which is late. */
interface Asked {
  readonly partition: Partition;
  readonly answer: Promise<Fetched>;
}

export interface PartitionTurnsOptions {
  readonly partitions: readonly Partition[];
  readonly clock: Clock;
  /** Gives back what a partition handed out when nobody waited for it any more. */
  readonly release: (deliveries: readonly Delivery[]) => Promise<void>;
  /** Told what no caller is told, since others had something to hand out. */
  readonly onFailure: (partition: Partition, error: unknown) => void;
}

/**
 * Fetches from the partitions in turn. What one has handed out is under a lease, so it is not held up by another that
 * does not answer: as long as that one's answer is out, the others are asked before it.
 */
export class PartitionTurns {
  readonly #options: PartitionTurnsOptions;
  /** Those whose answer is late and still out. */
  readonly #silent = new Set<Partition>();
  #turn = 0;

  constructor(options: PartitionTurnsOptions) {
    this.#options = options;
  }

  /** What is ready. Rejects only when it holds nothing. */
  async fetch({ max, leaseMs }: DequeueRequest, sleepMs: number): Promise<Fetched> {
    const { clock, onFailure } = this.#options;
    let joined = NOTHING_FETCHED;
    let slowestMs = PATIENCE_MS / PATIENCE_TIMES;
    let late: Asked | undefined;
    for (const partition of this.#inTurn()) {
      const room = max - joined.deliveries.length;
      const holding = joined.deliveries.length > 0;
      if (room === 0 || joined.deliveries[0]?.suspect === true) break;
      if (holding && this.#silent.has(partition)) break;
      const askedAt = clock.monotonic();
      const answer = partition.dequeue({ max: room, leaseMs, sleepMs, refuseSuspect: holding });
      try {
        // Only one that is late may be waited for in the end: two could bring more than was asked for.
        const patienceMs = holding ? PATIENCE_TIMES * slowestMs : late ? Infinity : FIRST_PATIENCE_MS;
        const fetched = await this.#inTime(answer, patienceMs);
        if (fetched === undefined) {
          this.#noteSilent({ partition, answer });
          if (!holding) {
            late = { partition, answer };
            continue;
          }
          this.#giveUp({ partition, answer });
          break;
        }
        slowestMs = Math.max(slowestMs, clock.monotonic() - askedAt);
        joined = join(joined, fetched);
      } catch (error) {
        if (!holding) {
          if (late) this.#giveUp(late);
          throw error;
        }
        onFailure(partition, error);
        break;
      }
    }
    if (late === undefined) return joined;
    if (joined.deliveries.length === 0) return join(joined, await late.answer);
    this.#giveUp(late);
    return joined;
  }

  #inTurn(): readonly Partition[] {
    const { partitions } = this.#options;
    const start = this.#turn++ % partitions.length;
    const order = partitions.slice(start).concat(partitions.slice(0, start));
    if (this.#silent.size === 0) return order;
    return order.toSorted((one, other) => Number(this.#silent.has(one)) - Number(this.#silent.has(other)));
  }

  /** The answer, or `undefined` when it is not there in time. */
  async #inTime(answer: Promise<Fetched>, patienceMs: number): Promise<Fetched | undefined> {
    const { partitions, clock } = this.#options;
    if (partitions.length === 1 || patienceMs === Infinity) return answer;
    let timer: Timer | undefined;
    const over = new Promise<undefined>((resolve) => {
      timer = clock.schedule(() => resolve(undefined), patienceMs);
    });
    try {
      return await Promise.race([answer, over]);
    } finally {
      timer?.cancel();
    }
  }

  #noteSilent({ partition, answer }: Asked): void {
    this.#silent.add(partition);
    const heard = (): void => void this.#silent.delete(partition);
    answer.then(heard, heard);
  }

  /** Waits no more for an answer. Jobs that it brings nevertheless are given back. */
  #giveUp({ partition, answer }: Asked): void {
    const { release, onFailure } = this.#options;
    answer
      .then(async ({ deliveries }) => release(deliveries))
      .catch((error: unknown) => onFailure(partition, error));
  }
}

function join(one: Fetched, other: Fetched): Fetched {
  const dues = [one.nextDueMs, other.nextDueMs].filter((due) => due !== undefined);
  return {
    deliveries: one.deliveries.concat(other.deliveries),
    more: one.more || other.more,
    paused: one.paused || other.paused,
    reclaimed: one.reclaimed + other.reclaimed,
    nextDueMs: dues.length === 0 ? undefined : Math.min(...dues),
  };
}
