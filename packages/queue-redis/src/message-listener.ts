import { randomBytes } from "node:crypto";
import { errorMessage } from "@chimera/dlq";
import type { Delivery, DequeueRequest } from "@chimera/queue-core";
import type { Fetched } from "./deliveries.ts";
import { consumerWakeKey, type PartitionKeys } from "./keys.ts";
import type { RedisConnection } from "./redis-connection.ts";
import type { ServerLink } from "./server-link.ts";
import { BLOCK_MS, FAILED_WAIT_MS, WATCHDOG_MS, type Waiter } from "./wake-listener.ts";

/** The shortest time between two tries to subscribe: where it is not allowed, it is not for the next second either. */
const RESUBSCRIBE_MS = 5_000;
/** As logs name the connection. */
const PURPOSE = "messages";

export interface MessageListenerOptions {
  readonly connection: RedisConnection;
  /** Of each partition; wake-ups are messages on a channel of the list's name. */
  readonly keys: readonly PartitionKeys[];
  /** Asks every partition, and notes there that somebody waits. */
  readonly fetch: (request: DequeueRequest) => Promise<Fetched>;
}

/**
 * Waits for the first jobs of a queue with several partitions: a blocking pop over several slots is refused, so wake-ups are
 * messages here, and one subscription serves every wait. A message is a hint; a lost one costs a second.
 *
 * While nothing else is heard it sends itself a message a second. One that does not come back means a subscription that has
 * gone deaf, such as a half-open socket: it is made anew.
 */
export class MessageListener implements Waiter {
  readonly blockedMs = 0;
  readonly #options: MessageListenerOptions;
  readonly #sleepers = new Set<() => void>();
  /** The channel of its messages to itself. */
  readonly #echo: string;
  #link: ServerLink | undefined;
  /** The server has answered the subscription. */
  #confirmed = false;
  /** When a wake-up came last. */
  #wokenAt = -Infinity;
  #subscribedAt = -Infinity;
  /** When a message came last; before the first, when the subscription was begun. */
  #heardAt = 0;
  #echoing = false;
  /** Since when the server has sent on a message to itself that was not heard. */
  #missingSince: number | undefined;
  #closed = false;

  constructor(options: MessageListenerOptions) {
    this.#options = options;
    this.#echo = consumerWakeKey(options.keys[0] as PartitionKeys, randomBytes(9).toString("base64url"));
  }

  async wait(
    request: DequeueRequest,
    untilMs: number,
    firstDueMs: number | undefined,
    firstAskedAt: number,
  ): Promise<Delivery[]> {
    const clock = this.#clock;
    let nextDueMs = firstDueMs;
    let askedAt = firstAskedAt;
    for (;;) {
      const leftMs = untilMs - clock.monotonic();
      if (leftMs <= 0 || this.#ended(request)) return [];
      this.#listen();
      // What woke while partitions were being asked may be in one that was asked before.
      if (this.#wokenAt < askedAt) {
        await this.#sleep(Math.min(leftMs, nextDueMs ?? BLOCK_MS, BLOCK_MS), request.signal);
        if (this.#ended(request)) return [];
      }
      askedAt = clock.monotonic();
      try {
        const fetched = await this.#options.fetch(request);
        if (fetched.deliveries.length > 0) return fetched.deliveries;
        nextDueMs = fetched.more ? 0 : fetched.nextDueMs;
      } catch (error) {
        this.#options.connection.settings.logger.warn("redis.wait-failed", { message: errorMessage(error) });
        // What woke meanwhile is no reason to ask a server that is down at once.
        askedAt = Infinity;
        nextDueMs = FAILED_WAIT_MS;
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeAll();
  }

  drop(): void {
    if (this.#link !== undefined) this.#options.connection.closeLink(this.#link);
  }

  #ended({ signal }: DequeueRequest): boolean {
    return this.#closed || signal?.aborted === true;
  }

  get #clock(): RedisConnection["settings"]["clock"] {
    return this.#options.connection.settings.clock;
  }

  #listen(): void {
    const now = this.#clock.monotonic();
    if (this.#link === undefined) {
      if (now - this.#subscribedAt >= RESUBSCRIBE_MS) this.#subscribe(now);
      return;
    }
    if (this.#missingSince !== undefined) {
      const patienceMs = this.#confirmed ? WATCHDOG_MS : this.#options.connection.settings.commandTimeoutMs;
      if (now - this.#missingSince < patienceMs) return;
      this.#unsubscribe("redis.stalled", { connection: PURPOSE });
      this.#listen();
    } else if (!this.#echoing && now - this.#heardAt >= BLOCK_MS) {
      void this.#sendEcho(now);
    }
  }

  async #sendEcho(sentAt: number): Promise<void> {
    const link = this.#link;
    this.#echoing = true;
    try {
      await this.#options.connection.commands.send(this.#echo, ["PUBLISH", this.#echo, "1"]);
      if (this.#link === link && this.#heardAt < sentAt) this.#missingSince = this.#clock.monotonic();
    } catch {
      // Nothing was sent on: that it was not heard says nothing of the subscription.
    } finally {
      this.#echoing = false;
    }
  }

  #subscribe(now: number): void {
    this.#link = this.#options.connection.openLink(PURPOSE);
    this.#subscribedAt = this.#heardAt = now;
    void this.#follow(this.#link);
  }

  async #follow(link: ServerLink): Promise<void> {
    const channels = [...this.#options.keys.map(({ wake }) => wake), this.#echo];
    try {
      await link.subscribe(channels, (_, channel) => this.#hear(channel));
      if (this.#link === link) this.#confirmed = true;
    } catch (error) {
      // Until it is tried again waits are plain asking once a second.
      if (this.#link === link && !this.#closed)
        this.#unsubscribe("redis.subscribe-failed", { message: errorMessage(error) });
    }
  }

  #unsubscribe(event: string, fields: Readonly<Record<string, string>>): void {
    this.#options.connection.settings.logger.warn(event, fields);
    this.drop();
    this.#link = undefined;
    this.#confirmed = false;
    this.#missingSince = undefined;
  }

  #hear(channel: string): void {
    this.#heardAt = this.#clock.monotonic();
    this.#missingSince = undefined;
    if (channel === this.#echo) return;
    this.#wokenAt = this.#heardAt;
    this.#wakeAll();
  }

  async #sleep(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal?.removeEventListener("abort", wake);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = this.#options.connection.settings.clock.schedule(wake, durationMs);
      this.#sleepers.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  #wakeAll(): void {
    for (const wake of this.#sleepers) wake();
  }
}
