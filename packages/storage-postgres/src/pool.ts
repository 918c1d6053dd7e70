import type { Clock, Logger } from "@chimera/dlq";
import type { CancelRequest } from "./cancel-request.ts";
import { ClientMaker } from "./client-maker.ts";
import type { Connector } from "./connector.ts";
import { DeadlineWatch } from "./deadline-watch.ts";
import { Failure } from "./failure.ts";
import type { Limits } from "./failure.ts";
import { LeakWatch } from "./leak-watch.ts";
import type { ResolvedOptions } from "./options.ts";
import { closedError, waitedInVain } from "./pool-errors.ts";
import type { DiscardReason, PoolMetrics } from "./pool-metrics.ts";
import { PoolCounters } from "./pool-metrics.ts";
import type { PooledClient } from "./pooled-client.ts";
import { PrePing, TIMER_STEP_MS } from "./pre-ping.ts";
import { Waiter, WaitLine } from "./wait-line.ts";

/**
 * Clients of one server: `poolSize` kept, `maxOverflow` more at a peak.
 *
 * The client used last is taken first, so that under light load a few stay warm and need no ping, instead of all
 * growing cold in turn.
 */
export class Pool {
  readonly #options: ResolvedOptions;
  readonly #maker: ClientMaker;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limit: number;
  readonly #counters = new PoolCounters();
  readonly #line: WaitLine<PooledClient>;
  readonly #leaks: LeakWatch;
  readonly #prePing: PrePing;
  /** The warmest last. */
  readonly #idle: PooledClient[] = [];
  readonly #inUse = new Set<PooledClient>();
  /** Clients and connections under way: what `limit` bounds. */
  #open = 0;
  #connecting = 0;
  #generation = 0;
  #closed = false;
  /** Aborts when the time for closing is over. */
  readonly #end = new AbortController();
  readonly #onDrained = new Set<() => void>();

  constructor(options: ResolvedOptions, connector: Connector, cancel: CancelRequest) {
    const { poolSize, maxOverflow, clock, logger } = options;
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#limit = poolSize === 0 || maxOverflow === -1 ? Infinity : poolSize + maxOverflow;
    const deadlines = new DeadlineWatch(clock);
    this.#maker = new ClientMaker(options, connector, cancel, { deadlines, onLost: this.#onLost });
    this.#line = new WaitLine(deadlines, {
      left: ({ startedAt }) => this.#counters.waited(clock.monotonic() - startedAt),
      lateError: ({ startedAt, deadlineAt }) => {
        this.#counters.waits.timeouts++;
        return waitedInVain(options, this.metrics(), deadlineAt - startedAt);
      },
    });
    this.#prePing = new PrePing(options);
    this.#leaks = new LeakWatch(options.leakAfterMs, clock, logger);
  }

  /** A client that needs neither ping nor connection, without waiting: what nearly every call gets. */
  takeWarm(): PooledClient | undefined {
    const client = this.#idle.at(-1);
    if (client === undefined || this.#closed) return undefined;
    const nowMs = this.#clock.monotonic();
    if (client.expiresAt <= nowMs || this.#prePing.isDue(client, nowMs)) return undefined;
    this.#idle.pop();
    return this.#taken(client, this.#leaks.placeOfCall());
  }

  /**
   * A client that works as far as can be known, waiting for one if need be.
   *
   * @throws PostgresError `POOL_TIMEOUT`, `POSTGRES_CLOSED`; Failure when the server cannot be reached; the signal's reason.
   */
  // oxlint-disable-next-line typescript/promise-function-async -- at a full pool each layer of promises shows
  take(limits: Limits): Promise<PooledClient> {
    const isFull = this.#idle.length === 0 && this.#open >= this.#limit;
    return isFull && !this.#closed && limits.signal?.aborted !== true
      ? this.#wait(limits)
      : this.#find(limits);
  }

  /** Takes a client back: to the first in line, to the idle ones, or out of the pool. */
  giveBack(client: PooledClient): void {
    this.#inUse.delete(client);
    this.#leaks.gaveBack(client);
    const reason = this.#discardReason(client);
    if (reason === undefined) this.#handOn(client);
    else this.#discard(client, reason);
    this.#checkDrained();
  }

  /** Makes every client that is open now unfit: idle ones leave at once, those in use when handed back. */
  flush(): void {
    this.#generation++;
    for (const client of this.#idle.splice(0)) this.#discard(client, "flushed");
  }

  metrics(): PoolMetrics {
    const idle = this.#idle.length;
    return {
      inUse: this.#open - idle,
      idle,
      overflow: this.#options.poolSize === 0 ? 0 : Math.max(0, this.#open - this.#options.poolSize),
      waiting: this.#line.length,
      connecting: this.#connecting,
      ...this.#counters.snapshot(),
    };
  }

  /** Refuses new calls, waits at most `deadlineMs` for clients in use and connections under way, cuts the rest. Never rejects. */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    this.#line.refuseAll(closedError);
    const goodbyes = this.#idle.splice(0).map(async (client) => {
      this.#leave("closed");
      await client.end();
    });
    await new Promise<void>((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#onDrained.delete(end);
        resolve();
      };
      const timer = this.#clock.schedule(end, deadlineMs);
      this.#onDrained.add(end);
      void Promise.allSettled(goodbyes).then(() => this.#checkDrained());
    });
    this.#end.abort();
    for (const client of this.#inUse) client.destroy();
  }

  async #find(limits: Limits): Promise<PooledClient> {
    const place = this.#leaks.placeOfCall();
    for (;;) {
      if (this.#closed) throw closedError();
      limits.signal?.throwIfAborted();
      this.#throwIfLate(limits);
      const idle = this.#idle.pop();
      if (idle !== undefined) {
        if (await this.#isFit(idle, limits)) return this.#taken(idle, place);
      } else if (this.#open < this.#limit) {
        this.#open++;
        return this.#connect(limits, place);
      } else {
        return this.#wait(limits, place);
      }
    }
  }

  // oxlint-disable-next-line typescript/promise-function-async -- see take
  #wait(limits: Limits, place: Error | undefined = this.#leaks.placeOfCall()): Promise<PooledClient> {
    const { poolTimeoutMs } = this.#options;
    return this.#line.wait(new Waiter(limits, this.#clock.monotonic(), poolTimeoutMs, place));
  }

  async #isFit(client: PooledClient, limits: Limits): Promise<boolean> {
    const nowMs = this.#clock.monotonic();
    if (client.expiresAt <= nowMs) {
      this.#discard(client, "recycled");
      return false;
    }
    if (!this.#prePing.isDue(client, nowMs)) return true;
    this.#counters.pings++;
    this.#inUse.add(client);
    const verdict = await this.#prePing.ping(client, limits);
    this.#inUse.delete(client);
    const isCurrent = client.generation === this.#generation;
    if (verdict === "alive" && isCurrent) return true;
    this.#discard(client, verdict === "alive" ? "flushed" : "ping");
    if (verdict === "dead" && isCurrent) {
      const cause = "a client did not answer its ping";
      this.#logger.warn("postgres.pool_flushed", { cause, idle: this.#idle.length });
      this.flush();
      this.#prePing.endOlder(this.#generation);
    }
    return false;
  }

  async #connect(limits: Limits, place: Error | undefined): Promise<PooledClient> {
    this.#connecting++;
    const generation = this.#generation;
    try {
      const client = await this.#maker.make(limits, generation, this.#end.signal);
      this.#counters.created++;
      if (!this.#end.signal.aborted) return this.#taken(client, place);
      void client.end();
      throw closedError();
    } catch (error) {
      this.#counters.connectFailures++;
      this.#freeSlot();
      throw this.#end.signal.aborted ? closedError() : error;
    } finally {
      this.#connecting--;
      this.#checkDrained();
    }
  }

  #taken(client: PooledClient, place: Error | undefined): PooledClient {
    this.#inUse.add(client);
    this.#leaks.took(client, place);
    return client;
  }

  #handOn(client: PooledClient): void {
    const first = this.#line.next();
    if (first === undefined) {
      client.lastUsedAt = this.#clock.monotonic();
      this.#idle.push(client);
    } else {
      first.take(this.#taken(client, first.place));
    }
  }

  #discardReason(client: PooledClient): DiscardReason | undefined {
    const { unfitReason } = client;
    if (unfitReason !== undefined) return unfitReason;
    if (this.#closed) return "closed";
    if (client.generation < this.#generation) return "flushed";
    if (client.expiresAt <= this.#clock.monotonic()) return "recycled";
    const { poolSize } = this.#options;
    const isSurplus = poolSize > 0 && this.#idle.length >= poolSize && this.#line.length === 0;
    return isSurplus ? "overflow" : undefined;
  }

  #discard(client: PooledClient, reason: DiscardReason): void {
    this.#leave(reason);
    void client.end();
  }

  #leave(reason: DiscardReason): void {
    this.#counters.discarded[reason]++;
    this.#freeSlot();
  }

  /** A slot goes to the first in line without becoming free in between, so that no newcomer can take it. */
  #freeSlot(): void {
    const first = this.#line.next();
    if (first === undefined) {
      this.#open--;
      return;
    }
    this.#connect(first.limits, first.place).then(
      (client) => first.take(client),
      (error: unknown) => first.refuse(error),
    );
  }

  readonly #onLost = (client: PooledClient): void => {
    const index = this.#idle.indexOf(client);
    // One that is in use is noticed by whoever uses it.
    if (index === -1) return;
    this.#idle.splice(index, 1);
    this.#discard(client, "lost");
  };

  #checkDrained(): void {
    if (this.#closed && this.#open === 0) for (const end of this.#onDrained) end();
  }

  /** A caller without time would cut the ping of one client after the other. */
  #throwIfLate({ deadlineAt }: Limits): void {
    if (deadlineAt - TIMER_STEP_MS <= this.#clock.monotonic())
      throw new Failure("never-sent", new Error("No client was ready before the deadline"), "deadline");
  }
}
