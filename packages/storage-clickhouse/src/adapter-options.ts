import {
  backoffIssues,
  DEFAULT_BACKOFF,
  integerIssue,
  issuesOf,
  stderrLogger,
  systemClock,
} from "@chimera/dlq";
import type { BackoffOptions, Clock, DeadLetterStore, Logger } from "@chimera/dlq";
import { randomUUID } from "node:crypto";

import { parseServerUrl } from "./credentials.ts";
import type { ServerAddress } from "./credentials.ts";
import { invalid } from "./errors.ts";

/** ClickHouse settings by name, as `SET` takes them. */
export type ClickHouseSettings = Readonly<Record<string, string | number | boolean>>;

/** An engine in the process in place of a server, such as `createChdbConnection()` of `chdb/connection`. */
export interface EmbeddedConnection {
  query(params: never): Promise<unknown>;
  exec(params: never): Promise<unknown>;
  insert(params: never): Promise<unknown>;
  command(params: never): Promise<unknown>;
  ping(params: never): Promise<unknown>;
  close(): Promise<void>;
}

/** Options of {@link ClickHouseAdapter.open}. One of `url`, `urls` and `connection` is required. */
export interface ClickHouseOptions {
  /** `http://user:password@host:8123/database`; `https` for TLS. */
  readonly url?: string;
  /** Several servers that hold the same tables (replicas): used in turn, and around those that are down. */
  readonly urls?: readonly string[];
  /** An embedded engine; closed with the adapter. */
  readonly connection?: EmbeddedConnection;
  /** Wins over the URL's. @defaultValue the URL's, else `default` */
  readonly username?: string;
  /** Wins over the URL's. Never logged or shown. */
  readonly password?: string;
  /** Wins over the URL's. @defaultValue the URL's, else `default` */
  readonly database?: string;
  /** ClickHouse settings for every call, such as `insert_quorum`. They win over the adapter's own. */
  readonly settings?: ClickHouseSettings;
  /** Milliseconds of silence after which a request is given up, 100 to 3_600_000. @defaultValue 30_000 */
  readonly requestTimeoutMs?: number;
  /** Sockets per server, 1 to 1_000. @defaultValue 10 */
  readonly maxOpenConnections?: number;
  /** Whether request bodies are sent with gzip: less network, more CPU. @defaultValue false */
  readonly compress?: boolean;
  /** Whether a field the table lacks is an error. `false` lets the server drop it silently. @defaultValue true */
  readonly strict?: boolean;
  /** Where rows go that could not be stored; `null`: nowhere, the write rejects instead. No default: say which. */
  readonly deadLetters?: DeadLetterStore | null;
  /** Milliseconds for which a batch is tried again after transient failures, 0 to 86_400_000. @defaultValue 300_000 */
  readonly retryForMs?: number;
  /** Milliseconds for which a batch is held when the server is not ready for it (no such table, no right). @defaultValue 900_000 */
  readonly holdForMs?: number;
  /** The wait between tries. @defaultValue 100 ms doubled up to 5 s, full jitter */
  readonly backoff?: BackoffOptions;
  /** Bad rows taken out of one batch before the rest of it is dead-lettered whole, 0 to 10_000. @defaultValue 100 */
  readonly maxBadRows?: number;
  /** Unanswered calls in a row after which a server is left alone for a while, 1 to 1_000. @defaultValue 5 */
  readonly breakerFailures?: number;
  /** Longest rest of a server between probes, in milliseconds, 10 to 600_000. @defaultValue 10_000 */
  readonly breakerMaxOpenMs?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** 0 <= x < 1. */
  readonly random?: () => number;
  /** Makes batch tokens: must never repeat, also across processes. @defaultValue UUIDs */
  readonly createId?: () => string;
}

/** {@link ClickHouseOptions} filled in and checked. */
export interface ResolvedOptions {
  readonly servers: readonly ServerAddress[];
  readonly connection: EmbeddedConnection | undefined;
  readonly settings: ClickHouseSettings;
  readonly requestTimeoutMs: number;
  readonly maxOpenConnections: number;
  readonly compress: boolean;
  readonly strict: boolean;
  readonly deadLetters: DeadLetterStore | null | undefined;
  readonly retryForMs: number;
  readonly holdForMs: number;
  readonly backoff: Required<BackoffOptions>;
  readonly maxBadRows: number;
  readonly breakerFailures: number;
  readonly breakerMaxOpenMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly createId: () => string;
}

const DAY_MS = 86_400_000;

/** A batch that waits longer than this between tries holds its callers' jobs for nothing once the server is back. */
const RETRY_BACKOFF: Required<BackoffOptions> = { ...DEFAULT_BACKOFF, maxDelayMs: 5_000 };

/**
 * Fills in defaults and checks everything at once.
 *
 * @throws ClickHouseStorageError `CLICKHOUSE_INVALID` with every issue; never shows a URL or password.
 */
export function resolveOptions(options: ClickHouseOptions): ResolvedOptions {
  const resolved = {
    connection: options.connection,
    settings: options.settings ?? {},
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    maxOpenConnections: options.maxOpenConnections ?? 10,
    compress: options.compress ?? false,
    strict: options.strict ?? true,
    deadLetters: options.deadLetters,
    retryForMs: options.retryForMs ?? 300_000,
    holdForMs: options.holdForMs ?? 900_000,
    backoff: { ...RETRY_BACKOFF, ...options.backoff },
    maxBadRows: options.maxBadRows ?? 100,
    breakerFailures: options.breakerFailures ?? 5,
    breakerMaxOpenMs: options.breakerMaxOpenMs ?? 10_000,
    logger: options.logger ?? stderrLogger,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    createId: options.createId ?? randomUUID,
  };
  const issues = [
    ...targetIssues(options),
    ...issuesOf(
      integerIssue("requestTimeoutMs", resolved.requestTimeoutMs, { min: 100, max: 3_600_000 }),
      integerIssue("maxOpenConnections", resolved.maxOpenConnections, { min: 1, max: 1_000 }),
      integerIssue("retryForMs", resolved.retryForMs, { min: 0, max: DAY_MS }),
      integerIssue("holdForMs", resolved.holdForMs, { min: 0, max: DAY_MS }),
      integerIssue("maxBadRows", resolved.maxBadRows, { min: 0, max: 10_000 }),
      integerIssue("breakerFailures", resolved.breakerFailures, { min: 1, max: 1_000 }),
      integerIssue("breakerMaxOpenMs", resolved.breakerMaxOpenMs, { min: 10, max: 600_000 }),
    ),
    ...backoffIssues(resolved.backoff, "backoff."),
  ];
  if (issues.length > 0) throw invalid("Bad ClickHouse options", issues);
  return Object.freeze({ ...resolved, servers: serversOf(options) });
}

function targetIssues({ url, urls, connection }: ClickHouseOptions): string[] {
  const given = [url, urls, connection].filter((target) => target !== undefined).length;
  if (given !== 1 || urls?.length === 0) {
    return ["Expected exactly one of `url`, `urls` (at least one) and `connection`"];
  }
  return [];
}

function serversOf(options: ClickHouseOptions): ServerAddress[] {
  const { url, urls, username, password, database } = options;
  const addresses =
    url === undefined
      ? (urls ?? []).map((text, index) => parseServerUrl(text, `urls[${index}]`))
      : [parseServerUrl(url)];
  return addresses.map(({ origin, label, pathname, ...given }) => ({
    origin,
    label,
    pathname,
    username: username ?? given.username,
    password: password ?? given.password,
    database: database ?? given.database,
  }));
}
