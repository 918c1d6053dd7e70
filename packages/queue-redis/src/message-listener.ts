import { errorMessage } from "@chimera/dlq";
import type { Delivery, DequeueRequest } from "@chimera/queue-core";
import type { Fetched } from "./deliveries.ts";
import type { RedisConnection } from "./redis-connection.ts";
import type { ServerLink } from "./server-link.ts";
import { BLOCK_MS, type Waiter } from "./wake-listener.ts";

export interface MessageListenerOptions {
  readonly connection: RedisConnection;
  /** The channel of each partition. */
  readonly channels: readonly string[];
  /** Asks every partition, and notes there that somebody waits. */
  readonly fetch: (request: DequeueRequest) => Promise<Fetched>;
}

/**
 * Waits for the first jobs of a queue with several partitions: a blocking pop over several slots is refused, so wake-ups are
 * messages here, and one subscription serves every wait. A message is a hint; a lost one costs a second.
 */
export class MessageListener implements Waiter {
  readonly blockedMs = 0;
  readonly #options: MessageListenerOptions;
  readonly #sleepers = new Set<() => void>();
  #link: ServerLink | undefined;
  #closed = false;

  constructor(options: MessageListenerOptions) {
    this.#options = options;
  }

  async wait(request: DequeueRequest, untilMs: number, firstDueMs: number | undefined): Promise<Delivery[]> {
    const { clock } = this.#options.connection.settings;
    this.#subscribe();
    let nextDueMs = firstDueMs;
    for (;;) {
      const leftMs = untilMs - clock.monotonic();
      if (leftMs <= 0 || this.#ended(request)) return [];
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

  #subscribe(): void {
    if (this.#link !== undefined) return;
    const { connection, channels } = this.#options;
    const link = connection.openLink("messages");
    this.#link = link;
    link
      .subscribe(channels, () => this.#wakeAll())
      .catch((error: unknown) => {
        // The next wait tries again; until then waits are plain asking once a second.
        connection.settings.logger.warn("redis.subscribe-failed", { message: errorMessage(error) });
        connection.closeLink(link);
        this.#link = undefined;
      });
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
