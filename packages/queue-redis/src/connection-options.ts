import type { ConnectionOptions as TlsOptions } from "node:tls";
import {
  EnvironmentReader,
  integerIssue,
  issuesOf,
  stderrLogger,
  systemClock,
  type Clock,
  type Environment,
  type Logger,
} from "@chimera/dlq";
import { QueueError } from "@chimera/queue-core";
import type { AnyRedisClient } from "./driver.ts";
import { DEFAULT_PREFIX, PREFIX_PATTERN } from "./keys.ts";

/** A server by its address. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** How the master is found. What {@link RedisConnectionOptions} says of user, password and TLS is for the servers alone. */
export interface SentinelAccess {
  /** As the sentinels call the master. */
  readonly name: string;
  /** Some of them; the others are found by themselves. */
  readonly nodes: readonly RedisAddress[];
  /** ACL user of the sentinels. @defaultValue Redis's default user */
  readonly username?: string;
  /** Of the sentinels. Never shown in an error, a log or `inspect`. @defaultValue none */
  readonly password?: string;
  /** `true`, or options of `tls.connect`, for the sentinels. @defaultValue false */
  readonly tls?: boolean | TlsOptions;
}

/** Where Redis is: exactly one of `url`, `cluster`, `sentinel` and `client`. */
export interface RedisConnectionOptions {
  /** `redis://`, `rediss://` (TLS) or `unix:` with user, password and database as node-redis reads them. @defaultValue "redis://127.0.0.1:6379" */
  readonly url?: string;
  /** Some nodes of a Redis Cluster; the others are found by themselves. */
  readonly cluster?: { readonly nodes: readonly RedisAddress[] };
  /** The master, by its sentinels. */
  readonly sentinel?: SentinelAccess;
  /**
   * A client of node-redis 6 that says how to reach Redis. Connections are duplicates of it, opened and closed here, with
   * none of its time-outs and repeats; the client itself is neither used nor changed, and need not be connected.
   */
  readonly client?: AnyRedisClient;
  /** ACL user. @defaultValue the one in `url`, else Redis's default user */
  readonly username?: string;
  /** Never shown in an error, a log or `inspect`. */
  readonly password?: string;
  /** `true`, or options of `tls.connect`. @defaultValue whether `url` begins with `rediss:` */
  readonly tls?: boolean | TlsOptions;
  /** What every key begins with: 1 to 100 of `[A-Za-z0-9._:-]`. @defaultValue "chimera" */
  readonly prefix?: string;
  /** Milliseconds for a TCP connection, 100 to 60_000. @defaultValue 5_000 */
  readonly connectTimeoutMs?: number;
  /** Milliseconds within which a command has its reply or the socket is ended, 100 to 60_000. @defaultValue 5_000 */
  readonly commandTimeoutMs?: number;
  /** Makes unsafe server settings (eviction) an error at start instead of a warning. @defaultValue false */
  readonly strict?: boolean;
  readonly clock?: Clock;
  /** @defaultValue warnings and errors on standard error */
  readonly logger?: Logger;
}

/** What is no secret of {@link RedisConnectionOptions}, filled in. */
export interface ConnectionSettings {
  readonly prefix: string;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly strict: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** {@link RedisConnectionOptions} with everything filled in, the password among it. */
export type ResolvedConnectionOptions = RedisConnectionOptions & ConnectionSettings;

const TIMEOUT_RANGE = { min: 100, max: 60_000 };
const DEFAULTS = Object.freeze({
  prefix: DEFAULT_PREFIX,
  connectTimeoutMs: 5_000,
  commandTimeoutMs: 5_000,
  strict: false,
  clock: systemClock,
  logger: stderrLogger,
});

/** @throws QueueError `QUEUE_INVALID` with every issue; never with a value that may hold a secret. */
export function resolveConnectionOptions(options: RedisConnectionOptions): ResolvedConnectionOptions {
  const resolved = { ...DEFAULTS, ...withoutUndefined(options) } as ResolvedConnectionOptions;
  const ways = [resolved.url, resolved.cluster, resolved.sentinel, resolved.client].filter(
    (way) => way !== undefined,
  );
  const issues = issuesOf(
    ways.length <= 1 ? undefined : "Expected only one of `url`, `cluster`, `sentinel` and `client`",
    resolved.url === undefined || isRedisUrl(resolved.url)
      ? undefined
      : "Expected `url` to be like redis://host:6379, rediss://host:6379 or unix:///path",
    resolved.cluster === undefined || resolved.cluster.nodes.length > 0
      ? undefined
      : "Expected `cluster.nodes` to name a node",
    resolved.sentinel === undefined || resolved.sentinel.nodes.length > 0
      ? undefined
      : "Expected `sentinel.nodes` to name a sentinel",
    PREFIX_PATTERN.test(resolved.prefix)
      ? undefined
      : "Expected `prefix` to be 1 to 100 of `[A-Za-z0-9._:-]`",
    integerIssue("connectTimeoutMs", resolved.connectTimeoutMs, TIMEOUT_RANGE),
    integerIssue("commandTimeoutMs", resolved.commandTimeoutMs, TIMEOUT_RANGE),
  );
  if (issues.length > 0) throw new QueueError("QUEUE_INVALID", issues.join("; "), { issues });
  if (ways.length > 0) return Object.freeze(resolved);
  return Object.freeze({ ...resolved, url: "redis://127.0.0.1:6379" });
}

/**
 * Reads CHIMERA_REDIS_URL, or CHIMERA_REDIS_CLUSTER_NODES (`host:port,…`), or CHIMERA_REDIS_SENTINEL_NAME and
 * CHIMERA_REDIS_SENTINEL_NODES with _SENTINEL_USERNAME, _SENTINEL_PASSWORD and _SENTINEL_TLS; CHIMERA_REDIS_USERNAME,
 * _PASSWORD, _TLS, _PREFIX, _CONNECT_TIMEOUT_MS, _COMMAND_TIMEOUT_MS and _STRICT.
 *
 * @throws QueueError `QUEUE_INVALID` whose `issues` name each wrong variable and what was expected, never its value.
 */
export function connectionOptionsFromEnv(environment: Environment): RedisConnectionOptions {
  const reader = new EnvironmentReader(environment);
  const cluster = addresses(reader, "CHIMERA_REDIS_CLUSTER_NODES");
  const sentinel = sentinelFrom(reader);
  const url = reader.url("CHIMERA_REDIS_URL", ["redis", "rediss", "unix"], "redis://user@host:6379");
  const given = {
    url,
    cluster: cluster && { nodes: cluster },
    sentinel,
    username: reader.text("CHIMERA_REDIS_USERNAME"),
    password: reader.text("CHIMERA_REDIS_PASSWORD"),
    tls: reader.boolean("CHIMERA_REDIS_TLS"),
    prefix: reader.text("CHIMERA_REDIS_PREFIX"),
    connectTimeoutMs: reader.integer("CHIMERA_REDIS_CONNECT_TIMEOUT_MS", TIMEOUT_RANGE),
    commandTimeoutMs: reader.integer("CHIMERA_REDIS_COMMAND_TIMEOUT_MS", TIMEOUT_RANGE),
    strict: reader.boolean("CHIMERA_REDIS_STRICT"),
  };
  if (given.prefix !== undefined && !PREFIX_PATTERN.test(given.prefix)) {
    reader.reject("CHIMERA_REDIS_PREFIX", "1 to 100 of [A-Za-z0-9._:-]");
  }
  if ([url, cluster, sentinel].filter((way) => way !== undefined).length > 1) {
    reader.reject(
      "CHIMERA_REDIS_URL",
      "only one of it, CHIMERA_REDIS_CLUSTER_NODES and CHIMERA_REDIS_SENTINEL_NODES",
    );
  }
  if (reader.issues.length > 0) {
    throw new QueueError("QUEUE_INVALID", reader.issues.join("; "), { issues: reader.issues });
  }
  return withoutUndefined(given);
}

function sentinelFrom(reader: EnvironmentReader): SentinelAccess | undefined {
  const nodes = addresses(reader, "CHIMERA_REDIS_SENTINEL_NODES");
  const name = reader.text("CHIMERA_REDIS_SENTINEL_NAME");
  const access = withoutUndefined({
    username: reader.text("CHIMERA_REDIS_SENTINEL_USERNAME"),
    password: reader.text("CHIMERA_REDIS_SENTINEL_PASSWORD"),
    tls: reader.boolean("CHIMERA_REDIS_SENTINEL_TLS"),
  });
  if (nodes !== undefined && name !== undefined) return { name, nodes, ...access };
  const { username, password, tls = false } = access;
  if ([nodes, name, username, password].some((value) => value !== undefined) || tls) {
    reader.reject("CHIMERA_REDIS_SENTINEL_NAME", "to be set together with CHIMERA_REDIS_SENTINEL_NODES");
  }
  return undefined;
}

function withoutUndefined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function addresses(reader: EnvironmentReader, name: string): RedisAddress[] | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const found = text.split(",").map((part) => /^\s*([^\s:]+):(\d{1,5})\s*$/.exec(part));
  if (found.includes(null)) return reader.reject(name, "host:port, several with a comma between");
  return found.map((match) => ({ host: match?.[1] ?? "", port: Number(match?.[2]) }));
}

function isRedisUrl(url: string): boolean {
  return URL.canParse(url) && ["redis:", "rediss:", "unix:"].includes(new URL(url).protocol);
}
