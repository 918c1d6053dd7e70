import type { Environment } from "@chimera/dlq";
import { Queue, type QueueOptions } from "@chimera/queue-core";
import type { RedisBackendOptions } from "./backend-options.ts";
import type { RedisConnectionOptions } from "./connection-options.ts";
import { RedisBackend } from "./redis-backend.ts";
import { RedisConnection } from "./redis-connection.ts";

/** How a queue on Redis turns payloads into jobs, and keeps them. */
export interface RedisQueueOptions<In = unknown, Out = In>
  extends QueueOptions<In, Out>, RedisBackendOptions {
  /** A connection shared with other queues, which stays open when the queue is closed. */
  readonly connection?: RedisConnection;
  /** A connection of the queue's own instead, closed with it. @defaultValue "redis://127.0.0.1:6379" */
  readonly url?: RedisConnectionOptions["url"];
  /** Variables that a connection of the queue's own is read from, as {@link RedisConnection.fromEnv} does; `url` wins over them. */
  readonly environment?: Environment;
}

/** A queue that many processes on many machines share, on Redis >= 6.2 or Valkey. */
export class RedisQueue<In = unknown, Out = In> extends Queue<In, Out> {
  readonly #owned: RedisConnection | undefined;

  /** Connects to nothing. @throws QueueError `QUEUE_INVALID` with every issue. */
  constructor(name: string, options: RedisQueueOptions<In, Out> = {}) {
    const { connection, url, environment, clock, logger } = options;
    const given = {
      ...(url !== undefined && { url }),
      ...(clock && { clock }),
      ...(logger && { logger }),
    };
    const own =
      environment === undefined
        ? () => new RedisConnection(given)
        : () => RedisConnection.fromEnv(environment, given);
    const used = connection ?? own();
    super(new RedisBackend(name, used, options), options);
    this.#owned = connection === undefined ? used : undefined;
  }

  /** A queue over a connection of its own, as {@link RedisConnection.fromEnv} reads it. */
  static fromEnv<In = unknown, Out = In>(
    name: string,
    environment: Environment = process.env,
    overrides: RedisQueueOptions<In, Out> = {},
  ): RedisQueue<In, Out> {
    return new RedisQueue<In, Out>(name, { ...overrides, environment });
  }

  override async close(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    await super.close(options);
    this.#owned?.close();
  }
}
