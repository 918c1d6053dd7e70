import {
  createClient,
  createCluster,
  createSentinel,
  type RedisClientOptions,
  type RedisClientType,
  type RedisClusterOptions,
  type RedisClusterType,
  type RedisSentinelOptions,
  type RedisSentinelType,
} from "redis";

/** A client of node-redis that a user may hand over. */
export type AnyRedisClient = RedisClientType | RedisClusterType | RedisSentinelType;

export type MessageHandler = (message: string, channel: string) => void;

/** What the three kinds of client have in common, as far as this package needs it. */
export interface Driver {
  readonly isReady: boolean;
  /** Resolves when it can serve for the first time; goes on trying by itself until {@link destroy}. */
  connect(): Promise<void>;
  /** Sends one command to the server that holds `key`. Never sends it twice, unless the server said that it did nothing. */
  send(key: string, args: readonly string[]): Promise<unknown>;
  /** Calls `listener` for each message; goes on over reconnections. The connection is good for nothing else after it. */
  subscribe(channels: readonly string[], listener: MessageHandler): Promise<void>;
  /** Ends the sockets at once; what was under way is rejected. */
  destroy(): void;
  on(event: "error" | "ready", listener: (error?: unknown) => void): void;
}

/** Calls have their own deadlines, and a timer a command would cost more than the command. */
const NO_TIMEOUT = { timeout: 0 } as const;
/** Replies as text, whatever a client that was handed over maps them to. */
const PLAIN_REPLIES = { timeout: 0, typeMapping: {} } as const;

const OF_ANY_KIND = { commandOptions: NO_TIMEOUT } as const;

/** Nothing waits while there is no connection: it could be sent long after its caller gave up. */
const NOTHING_QUEUED = {
  maintNotifications: "disabled",
  disableOfflineQueue: true,
  commandsQueueMaxLength: 0,
} as const;

/** A command whose reply was lost would be sent again otherwise. */
const SENTINEL_DEFAULTS = { maxCommandRediscovers: 0 } as const;

/** RESP 2 needs no HELLO and so no permission for it. */
const CLIENT_DEFAULTS = {
  ...OF_ANY_KIND,
  ...NOTHING_QUEUED,
  RESP: 2,
  disableClientInfo: true,
} as const;

export function standaloneDriver(options: RedisClientOptions): Driver {
  return clientDriver(
    createClient({
      ...options,
      ...CLIENT_DEFAULTS,
    } as unknown as RedisClientOptions),
  );
}

export function clusterDriver(options: RedisClusterOptions): Driver {
  const { RESP, ...defaults } = CLIENT_DEFAULTS;
  return overCluster(
    createCluster({
      ...options,
      RESP,
      ...OF_ANY_KIND,
      minimizeConnections: true,
      defaults: { ...options.defaults, ...defaults },
    } as unknown as RedisClusterOptions) as unknown as RedisClusterType,
  );
}

export function sentinelDriver(options: RedisSentinelOptions): Driver {
  const { RESP, ...defaults } = CLIENT_DEFAULTS;
  return overSentinel(
    createSentinel({
      ...options,
      RESP,
      ...OF_ANY_KIND,
      ...SENTINEL_DEFAULTS,
      nodeClientOptions: { ...options.nodeClientOptions, ...defaults },
    } as unknown as RedisSentinelOptions),
  );
}

/**
 * A client of our own that reaches Redis as one that was handed over does. Not that one itself: it may queue, repeat or
 * forget to time out what is sent on it, and its socket could not be ended when a reply is overdue.
 */
export function duplicateDriver(client: AnyRedisClient): Driver {
  if ("slots" in client) return overCluster(client.duplicate(OF_ANY_KIND));
  if ("getSentinelNode" in client)
    return overSentinel(client.duplicate({ ...OF_ANY_KIND, ...SENTINEL_DEFAULTS }));
  return clientDriver(client.duplicate({ ...OF_ANY_KIND, ...NOTHING_QUEUED }) as RedisClientType);
}

function clientDriver(client: RedisClientType): Driver {
  return {
    get isReady() {
      return client.isReady;
    },
    connect: async () => void (await client.connect()),
    send: async (_key, args) => client.sendCommand(args, PLAIN_REPLIES),
    subscribe: async (channels, listener) => client.subscribe([...channels], listener),
    destroy: () => client.destroy(),
    on: (event, listener) => void client.on(event, listener),
  };
}

function overCluster(client: RedisClusterType): Driver {
  return {
    get isReady() {
      return client.isReady;
    },
    connect: async () => void (await client.connect()),
    send: async (key, args) => client.sendCommand(key, false, args as string[], PLAIN_REPLIES),
    subscribe: async (channels, listener) => client.subscribe([...channels], listener),
    destroy: () => client.destroy(),
    on(event, listener) {
      client.on(event === "ready" ? "node-ready" : "node-error", listener);
      if (event === "error") client.on("error", listener);
    },
  };
}

function overSentinel(client: RedisSentinelType): Driver {
  return {
    get isReady() {
      return client.isReady;
    },
    connect: async () => void (await client.connect()),
    send: async (_key, args) => client.sendCommand(false, args as string[], PLAIN_REPLIES),
    subscribe: async (channels, listener) => client.subscribe([...channels], listener),
    // Ends the sockets before it first waits for anything.
    destroy: () => void client.destroy().catch(() => {}),
    on: (event, listener) => void client.on(event, listener),
  };
}
