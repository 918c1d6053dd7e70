import { randomBytes } from "node:crypto";
import { errorMessage } from "@chimera/dlq";
import type { Delivery, DequeueRequest } from "@chimera/queue-core";
import type { Fetched } from "./deliveries.ts";
import { consumerWakeKey, type PartitionKeys } from "./keys.ts";
import type { RedisConnection } from "./redis-connection.ts";
import type { ServerLink } from "./server-link.ts";
import { BLOCK_MS, WATCHDOG_MS, type Waiter } from "./wake-listener.ts";

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
  /** Last it heard of the subscription, and when it sent itself what it has not heard yet. */
  #heardAt = 0;
  #echoSentAt: number | undefined;
  #closed = false;

  constructor(options: MessageListenerOptions) {
    this.#options = options;
    this.#echo = consumerWakeKey(options.keys[0] as PartitionKeys, randomBytes(9).toString("base64url"));
  }

  async wait(request: DequeueRequest, untilMs: number, firstDueMs: number | undefined): Promise<Delivery[]> {
    const clock = this.#clock;
    let nextDueMs = firstDueMs;
    for (;;) {
      const leftMs = untilMs - clock.monotonic();
      if (leftMs <= 0 || this.#ended(request)) return [];
      this.#listen();
      await this.#sleep(Math.min(leftMs, nextDueMs ?? BLOCK_MS, BLOCK_MS), request.signal);
      if (this.#ended(request)) return [];
      const fetched = await this.#options.fetch(request);
      if (fetched.deliveries.length > 0) return fetched.deliveries;
      nextDueMs = fetched.more ? 0 : fetched.nextDueMs;
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
    if (this.#link === undefined) {
      this.#subscribe();
      return;
    }
    const now = this.#clock.monotonic();
    if (this.#echoSentAt !== undefined && now - this.#echoSentAt >= WATCHDOG_MS) {
      this.#unsubscribe("redis.stalled", { connection: PURPOSE });
      this.#subscribe();
    } else if (this.#echoSentAt === undefined && now - this.#heardAt >= BLOCK_MS) {
      this.#sendEcho(now);
    }
  }

  #sendEcho(now: number): void {
    this.#echoSentAt = now;
    // Where that fails, the silence says nothing of the subscription.
    this.#options.connection.commands.send(this.#echo, ["PUBLISH", this.#echo, "1"]).catch(() => {
      this.#echoSentAt = undefined;
    });
  }

  #subscribe(): void {
    const { connection, keys } = this.#options;
    const link = connection.openLink(PURPOSE);
    this.#link = link;
    // Not before the subscription holds.
    this.#heardAt = Number.POSITIVE_INFINITY;
    link
      .subscribe([...keys.map(({ wake }) => wake), this.#echo], (_, channel) => this.#hear(channel))
      .then(
        () => void (this.#heardAt = this.#clock.monotonic()),
        (error: unknown) => {
          // The next wait tries again; until then waits are plain asking once a second.
          if (this.#link === link)
            this.#unsubscribe("redis.subscribe-failed", { message: errorMessage(error) });
        },
      );
  }

  #unsubscribe(event: string, fields: Readonly<Record<string, string>>): void {
    this.#options.connection.settings.logger.warn(event, fields);
    this.drop();
    this.#link = undefined;
    this.#echoSentAt = undefined;
  }

  #hear(channel: string): void {
    this.#heardAt = this.#clock.monotonic();
    this.#echoSentAt = undefined;
    if (channel !== this.#echo) this.#wakeAll();
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
