import type { Environment } from "@chimera/dlq";
import {
  connectionOptionsFromEnv,
  overrideOptions,
  resolveConnectionOptions,
  type ConnectionSettings,
  type RedisConnectionOptions,
  type ResolvedConnectionOptions,
  type SentinelAccess,
} from "./connection-options.ts";
import { clusterDriver, duplicateDriver, sentinelDriver, standaloneDriver, type Driver } from "./driver.ts";
import { inspectServer, type Preflight } from "./preflight.ts";
import { ServerLink } from "./server-link.ts";

/**
 * The way to Redis that all queues and stores of a process share: one connection for commands, and one more for each
 * consumer that waits.
 *
 * Making it connects to nothing; the first command does. Connections come back by themselves.
 */
export class RedisConnection {
  /** What is no secret of its options. */
  readonly settings: ConnectionSettings;
  readonly #options: ResolvedConnectionOptions;
  readonly #secrets: readonly string[];
  readonly #commands: ServerLink;
  readonly #links = new Set<ServerLink>();
  #preflight: Promise<Preflight> | undefined;
  #lastPreflight: Preflight | undefined;
  #closed = false;

  /** @throws QueueError `QUEUE_INVALID` with every issue. */
  constructor(options: RedisConnectionOptions = {}) {
    const resolved = resolveConnectionOptions(options);
    const { prefix, connectTimeoutMs, commandTimeoutMs, strict, clock, logger } = resolved;
    this.#options = resolved;
    this.settings = Object.freeze({ prefix, connectTimeoutMs, commandTimeoutMs, strict, clock, logger });
    this.#secrets = secretsOf(resolved);
    this.#commands = this.#link("commands");
  }

  /**
   * A server that `overrides` name takes the place of the one in the environment, with what that says of user, password and TLS.
   *
   * @throws QueueError `QUEUE_INVALID` naming each wrong variable; {@link connectionOptionsFromEnv} lists them.
   */
  static fromEnv(
    environment: Environment = process.env,
    overrides: RedisConnectionOptions = {},
  ): RedisConnection {
    return new RedisConnection(overrideOptions(connectionOptionsFromEnv(environment), overrides));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What the server said of itself, once it was asked. */
  get lastPreflight(): Preflight | undefined {
    return this.#lastPreflight;
  }

  /** The connection that commands of every queue travel on. */
  get commands(): ServerLink {
    return this.#commands;
  }

  /** A connection of its own for what may hold one up: waiting for a wake-up, or for a replica. The caller closes it. */
  openLink(purpose: string): ServerLink {
    const link = this.#link(purpose);
    this.#links.add(link);
    return link;
  }

  closeLink(link: ServerLink): void {
    this.#links.delete(link);
    link.close();
  }

  /**
   * What the server says of itself: version, eviction, persistence. Asked once; warnings are logged.
   *
   * @throws QueueError `QUEUE_INVALID` with `strict` where the server may evict jobs. `BACKEND_UNAVAILABLE` (retryable).
   */
  async preflight(): Promise<Preflight> {
    this.#preflight ??= inspectServer(this.#commands, this.settings);
    try {
      this.#lastPreflight = await this.#preflight;
      return this.#lastPreflight;
    } catch (error) {
      this.#preflight = undefined;
      throw error;
    }
  }

  /** Ends every connection at once. Queues that share it must be closed first. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#commands.close();
    for (const link of this.#links) this.closeLink(link);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #link(purpose: string): ServerLink {
    const createDriver = (): Driver => newDriver(this.#options);
    return new ServerLink({ ...this.settings, createDriver, purpose, secrets: this.#secrets });
  }
}

function newDriver(options: ResolvedConnectionOptions): Driver {
  const { client, cluster, sentinel, server, connectTimeoutMs } = options;
  if (client !== undefined) return duplicateDriver(client);
  const access = accessOf(options, connectTimeoutMs);
  if (cluster !== undefined) {
    const rootNodes = cluster.nodes.map((address) =>
      Object.assign({}, access, { socket: { ...access.socket, ...address } }),
    );
    return clusterDriver({ rootNodes, defaults: access });
  }
  if (sentinel !== undefined) {
    const { name, nodes } = sentinel;
    return sentinelDriver({
      name,
      sentinelRootNodes: [...nodes],
      sentinelClientOptions: accessOf(sentinel, connectTimeoutMs),
      nodeClientOptions: access,
    });
  }
  return standaloneDriver({ ...access, ...server, socket: { ...access.socket, ...server?.socket } });
}

/** User, password and socket as node-redis takes them. */
function accessOf(
  { username, password, tls }: Pick<SentinelAccess, "username" | "password" | "tls">,
  connectTimeout: number,
): { readonly username?: string; readonly password?: string; readonly socket: object } {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    socket: { connectTimeout, ...(tls === true ? { tls } : tls && { ...tls, tls: true }) },
  };
}

function secretsOf({ password, sentinel }: ResolvedConnectionOptions): string[] {
  return [password ?? "", sentinel?.password ?? ""].filter((secret) => secret !== "");
}
