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
import { readServerUrl, type ServerPlace, type ServerUrl } from "./connection-url.ts";
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
  /**
   * `redis://user:password@host:port/database`, the same with `rediss:` for TLS, or `unix://user:password@/path?db=database`;
   * user and password percent-encoded. @defaultValue "redis://127.0.0.1:6379"
   */
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
  /** Never shown in an error, a log or `inspect`. @defaultValue the one in `url`, else none */
  readonly password?: string;
  /** `true`, or options of `tls.connect`; never `false` with `rediss:`. @defaultValue whether `url` begins with `rediss:` */
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

/** {@link RedisConnectionOptions} with everything filled in, the password among it, and the URL taken apart. */
export type ResolvedConnectionOptions = Omit<RedisConnectionOptions, "url"> &
  ConnectionSettings & { readonly server?: ServerPlace };

const DEFAULT_URL = "redis://127.0.0.1:6379";
/** Options that say where a server is and who may in. */
const OF_A_SERVER = new Set(["url", "cluster", "sentinel", "client", "username", "password", "tls"]);
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
  const { url, ...given } = { ...DEFAULTS, ...withoutUndefined(options) } as ConnectionSettings &
    RedisConnectionOptions;
  const { cluster, sentinel, tls } = given;
  const ways = waysIn({ ...given, url });
  const server = ways > 0 && url === undefined ? undefined : readServerUrl(url ?? DEFAULT_URL);
  const issues = issuesOf(
    ways <= 1 ? undefined : "Expected only one of `url`, `cluster`, `sentinel` and `client`",
    typeof server === "string" ? `Expected \`url\` to be ${server}` : tlsIssue(server, tls),
    nodesIssue("cluster.nodes", "a node", cluster?.nodes),
    nodesIssue("sentinel.nodes", "a sentinel", sentinel?.nodes),
    PREFIX_PATTERN.test(given.prefix) ? undefined : "Expected `prefix` to be 1 to 100 of `[A-Za-z0-9._:-]`",
    integerIssue("connectTimeoutMs", given.connectTimeoutMs, TIMEOUT_RANGE),
    integerIssue("commandTimeoutMs", given.commandTimeoutMs, TIMEOUT_RANGE),
  );
  if (issues.length > 0) throw new QueueError("QUEUE_INVALID", issues.join("; "), { issues });
  if (typeof server !== "object") return Object.freeze(given);
  const { socket, database, ...access } = server;
  return Object.freeze({
    ...access,
    ...given,
    server: { socket, ...(database !== undefined && { database }) },
  });
}

/** `options` with others in their place. A server among those comes without what was said of the one before it. */
export function overrideOptions(
  options: RedisConnectionOptions,
  others: RedisConnectionOptions,
): RedisConnectionOptions {
  const chosen = withoutUndefined(others);
  if (waysIn(options) === 0 || waysIn(chosen) === 0) return { ...options, ...chosen };
  const rest = Object.entries(options).filter(([name]) => !OF_A_SERVER.has(name));
  return { ...Object.fromEntries(rest), ...chosen };
}

/** How many ways to a server are named. */
function waysIn({
  url,
  cluster,
  sentinel,
  client,
}: { readonly [Way in "url" | "cluster" | "sentinel" | "client"]?: unknown }): number {
  return [url, cluster, sentinel, client].filter((way) => way !== undefined).length;
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
  const url = reader.text("CHIMERA_REDIS_URL");
  const server = url === undefined ? undefined : readServerUrl(url);
  if (typeof server === "string") reader.reject("CHIMERA_REDIS_URL", server);
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
  if (waysIn(given) > 1) {
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
  const nodes = found.map((match) => ({ host: match?.[1] ?? "", port: Number(match?.[2]) }));
  if (nodes.every(hasPort)) return nodes;
  return reader.reject(name, "host:port, several with a comma between, ports from 1 to 65535");
}

function nodesIssue(name: string, what: string, nodes?: readonly RedisAddress[]): string | undefined {
  if (nodes === undefined || (nodes.length > 0 && nodes.every(hasPort))) return undefined;
  return `Expected \`${name}\` to ${nodes.length === 0 ? `name ${what}` : "have ports from 1 to 65535"}`;
}

function hasPort({ port }: RedisAddress): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** TLS that the URL asks for is not given up by an option: a password would travel in the open. */
function tlsIssue(server: ServerUrl | undefined, tls: RedisConnectionOptions["tls"]): string | undefined {
  if (server === undefined) return undefined;
  if (server.tls && tls === false)
    return "Expected `tls` not to be false with a `url` that begins with `rediss:`";
  if (tls && "path" in server.socket) return "Expected no `tls` with a `url` that begins with `unix:`";
  return undefined;
}
