import { randomBytes } from "node:crypto";
import { errorMessage } from "@chimera/dlq";
import type { Delivery, DequeueRequest } from "@chimera/queue-core";
import type { Fetched } from "./deliveries.ts";
import { consumerWakeKey, type PartitionKeys } from "./keys.ts";
import type { FetchRequest, Partition } from "./partition.ts";
import type { RedisConnection } from "./redis-connection.ts";
import type { ServerLink } from "./server-link.ts";
import { WaitEnd } from "./wait-end.ts";

/** The longest that one blocking call lasts: a lost wake-up costs no more, in milliseconds. */
export const BLOCK_MS = 1_000;
/** How much longer a blocking call may take before its socket is destroyed, in milliseconds. */
export const WATCHDOG_MS = 1_000;
/** How long a failed wait is followed by plain asking before the next try, in milliseconds. */
export const FAILED_WAIT_MS = 200;

/** What waits for the first jobs of a queue. */
export interface Waiter {
  /** Milliseconds since the waiting connection was asked and has not answered; above 2_000 it is not what it should be. */
  readonly blockedMs: number;
  /**
   * The first deliveries, or [] when `untilMs` on the monotonic clock is over, on abort, and on close.
   *
   * @param firstDueMs - in how many milliseconds something will be due, as the fetch before the wait has it
   * @param firstAskedAt - when that fetch began, on the same clock
   */
  wait(
    request: DequeueRequest,
    untilMs: number,
    firstDueMs: number | undefined,
    firstAskedAt: number,
  ): Promise<Delivery[]>;
  /** Ends the waits with [] and gives back what was on its way to them. */
  close(): Promise<void>;
  /** Ends the connection at once. */
  drop(): void;
}

export interface WakeListenerOptions {
  readonly connection: RedisConnection;
  readonly keys: PartitionKeys;
  readonly partition: Partition;
  /** Gives deliveries back that nobody wants any more. */
  readonly release: (deliveries: readonly Delivery[]) => Promise<void>;
}

/**
 * Waits for the first jobs of one partition, on a connection of its own.
 *
 * A blocking pop on the wake-up list and a dequeue are sent together: the server runs the second the moment the first is
 * woken, so that a job is on its way, under its lease, one trip after its enqueue. A wake-up is only a hint; the dequeue
 * runs when the pop times out as well, which is what reclaims and promotes.
 */
export class WakeListener implements Waiter {
  readonly #options: WakeListenerOptions;
  readonly #consumerKey: string;
  readonly #turns: (() => void)[] = [];
  readonly #leftovers = new Set<Promise<void>>();
  #link: ServerLink | undefined;
  #busy = false;
  /** Since when the waiting connection owes an answer, over calls that have failed. */
  #blockedSince: number | undefined;
  #failedAt = 0;
  #closed = false;
  /** Those that are under way, each ended by its request's signal or by `close`. */
  readonly #waits = new Map<WaitEnd, Promise<Delivery[]>>();

  constructor(options: WakeListenerOptions) {
    this.#options = options;
    this.#consumerKey = consumerWakeKey(options.keys, randomBytes(9).toString("base64url"));
  }

  get blockedMs(): number {
    if (this.#blockedSince === undefined || this.#waits.size === 0) return 0;
    return this.#clock.monotonic() - this.#blockedSince;
  }

  /** One wait runs at a time; others queue. */
  async wait(request: DequeueRequest, untilMs: number, firstDueMs: number | undefined): Promise<Delivery[]> {
    const { signal } = request;
    if (this.#closed || signal?.aborted === true) return [];
    // What failed long before says nothing of now.
    if (this.#waits.size === 0 && this.#clock.monotonic() - this.#failedAt > BLOCK_MS + WATCHDOG_MS)
      this.#blockedSince = undefined;
    const end = new WaitEnd();
    signal?.addEventListener("abort", end.end);
    const waiting = this.#waitItsTurn(request, untilMs, firstDueMs, end);
    this.#waits.set(end, waiting);
    try {
      return await waiting;
    } finally {
      this.#waits.delete(end);
      signal?.removeEventListener("abort", end.end);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const waits = [...this.#waits.values()];
    for (const end of this.#waits.keys()) end.end();
    // Each notes what is still on its way to it before it ends.
    await Promise.allSettled(waits);
    await Promise.all(this.#leftovers);
  }

  drop(): void {
    if (this.#link !== undefined) this.#options.connection.closeLink(this.#link);
  }

  get #clock(): RedisConnection["settings"]["clock"] {
    return this.#options.connection.settings.clock;
  }

  async #waitItsTurn(
    request: DequeueRequest,
    untilMs: number,
    firstDueMs: number | undefined,
    end: WaitEnd,
  ): Promise<Delivery[]> {
    if (!(await this.#takeTurn(end, untilMs))) return [];
    try {
      return await this.#waitInTurn(request, untilMs, firstDueMs, end);
    } finally {
      this.#busy = false;
      this.#turns.shift()?.();
    }
  }

  /** Whether the turn came before the wait was over. */
  async #takeTurn(end: WaitEnd, untilMs: number): Promise<boolean> {
    while (this.#busy) {
      const left = untilMs - this.#clock.monotonic();
      if (end.over || left <= 0) return false;
      await this.#turnOr(end, left);
    }
    if (end.over) {
      // The turn may have been meant for this wait.
      this.#turns.shift()?.();
      return false;
    }
    this.#busy = true;
    return true;
  }

  async #turnOr(end: WaitEnd, leftMs: number): Promise<void> {
    const turn = new WaitEnd();
    const forget = end.onEnd(turn.end);
    this.#turns.push(turn.end);
    await turn.sleep(this.#clock, leftMs);
    forget();
    const index = this.#turns.indexOf(turn.end);
    if (index !== -1) this.#turns.splice(index, 1);
  }

  async #waitInTurn(
    request: DequeueRequest,
    untilMs: number,
    firstDueMs: number | undefined,
    end: WaitEnd,
  ): Promise<Delivery[]> {
    let nextDueMs = firstDueMs;
    for (;;) {
      const leftMs = untilMs - this.#clock.monotonic();
      if (leftMs <= 0 || end.over) return [];
      try {
        const fetched = await this.#blockThenFetch(request, Math.min(leftMs, nextDueMs ?? BLOCK_MS), end);
        if (fetched === undefined || fetched.deliveries.length > 0) return fetched?.deliveries ?? [];
        nextDueMs = fetched.more ? 0 : fetched.nextDueMs;
      } catch (error) {
        this.#options.connection.settings.logger.warn("redis.wait-failed", { message: errorMessage(error) });
        await end.sleep(this.#clock, Math.min(leftMs, FAILED_WAIT_MS));
        if (end.over) return [];
        // The other connection may be well: then a broken wait costs latency, and no job.
        const fetched = await this.#options.partition
          .dequeue(this.#fetchRequest(request, 0))
          .catch(() => undefined);
        if (fetched !== undefined && fetched.deliveries.length > 0) return fetched.deliveries;
      }
    }
  }

  /** `undefined` when the wait was ended: what arrives after that is given back. */
  async #blockThenFetch(
    request: DequeueRequest,
    patienceMs: number,
    end: WaitEnd,
  ): Promise<Fetched | undefined> {
    const { connection, keys, partition } = this.#options;
    const link = (this.#link ??= connection.openLink("waiting"));
    const { words, read } = partition.dequeueCommand(this.#fetchRequest(request, BLOCK_MS + WATCHDOG_MS));
    const timeoutMs = BLOCK_MS + WATCHDOG_MS;
    this.#blockedSince ??= this.#clock.monotonic();
    const blocked = link.send(
      keys.wake,
      ["BLPOP", keys.wake, this.#consumerKey, String(BLOCK_MS / 1_000)],
      timeoutMs,
    );
    const fetched = link.send(keys.meta, words, timeoutMs);
    // The server's own time-outs are as coarse as 100 ms: a timer here ends the wait for what is due sooner.
    const timer = this.#clock.schedule(() => this.#nudge(), Math.max(0, patienceMs));
    const arrival = this.#arrival(blocked, fetched, read).finally(() => timer.cancel());
    const first = await end.orEnd(arrival);
    if (first !== undefined) return first;
    this.#nudge();
    this.#giveBack(arrival);
    return undefined;
  }

  /** A failed pop is no reason to lose what the dequeue after it brought. */
  async #arrival(
    blocked: Promise<unknown>,
    fetched: Promise<unknown>,
    read: (reply: unknown) => Fetched,
  ): Promise<Fetched> {
    const [pop, reply] = await Promise.allSettled([blocked, fetched]);
    this.#failedAt = this.#clock.monotonic();
    if (reply.status === "rejected") throw reply.reason as Error;
    const answer = read(reply.value);
    if (pop.status === "rejected" && answer.deliveries.length === 0) throw pop.reason as Error;
    this.#blockedSince = undefined;
    return answer;
  }

  #giveBack(arrival: Promise<Fetched>): void {
    const leftover = settled(arrival.then(async ({ deliveries }) => this.#options.release(deliveries)));
    this.#leftovers.add(leftover);
    void leftover.then(() => this.#leftovers.delete(leftover));
  }

  /** Ends this consumer's own blocking pop, and no other's. */
  #nudge(): void {
    const { commands } = this.#options.connection;
    const key = this.#consumerKey;
    void settled(commands.send(key, ["RPUSH", key, "1"]));
    void settled(commands.send(key, ["PEXPIRE", key, String(2 * BLOCK_MS)]));
  }

  #fetchRequest({ max, leaseMs }: DequeueRequest, sleepMs: number): FetchRequest {
    return { max, leaseMs, sleepMs, refuseSuspect: false };
  }
}

/** Resolves when the promise has ended, either way. */
async function settled(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch {
    // Whoever waits for the end only has no use for the reason.
  }
}
