import type { ConnectionOptions as TlsOptions } from "node:tls";
import type { BackoffOptions, Clock, Logger } from "@chimera/dlq";
import {
  backoffIssues,
  DEFAULT_BACKOFF,
  integerIssue,
  issuesOf,
  numberIssue,
  stderrLogger,
  systemClock,
} from "@chimera/dlq";
import type { ConnectionParts } from "./connection-url.ts";
import { parseConnectionUrl } from "./connection-url.ts";
import type { PasswordSource } from "./credentials.ts";
import { defined } from "./defined.ts";
import { PostgresError } from "./errors.ts";

/** Options of the pool. Words and meaning follow SQLAlchemy's `QueuePool`. */
export interface PoolOptions {
  /** Clients kept open, >= 0; 0 means no limit. @defaultValue 5 */
  readonly poolSize?: number;
  /** Clients beyond `poolSize` at a peak, closed when handed back, >= -1; -1 means no limit. @defaultValue 10 */
  readonly maxOverflow?: number;
  /** Milliseconds that a call waits for a client, >= 1. @defaultValue 30_000 */
  readonly poolTimeoutMs?: number;
  /** Milliseconds after which a client is replaced, >= 0; 0 means never. @defaultValue 1_800_000 */
  readonly recycleMs?: number;
  /** The part of `recycleMs` by which lifetimes differ, so that not all end at once, 0 to 1. @defaultValue 0.1 */
  readonly recycleJitter?: number;
  /** Whether a client that was idle for long is pinged before use. @defaultValue true */
  readonly prePing?: boolean;
  /** Milliseconds of idleness after which a client is pinged, >= 0. A ping at every use halves the speed. @defaultValue 500 */
  readonly prePingIdleMs?: number;
  /** Milliseconds that a ping may take, >= 1. The first one over it discards every idle client. @defaultValue 2_000 */
  readonly prePingTimeoutMs?: number;
  /** Milliseconds that a connection may take, DNS and TLS included, >= 1. @defaultValue 10_000 */
  readonly connectTimeoutMs?: number;
  /** Milliseconds after which a client in use is reported with the place that took it, >= 0; 0 means never. @defaultValue 0 */
  readonly leakAfterMs?: number;
}

/** Which failures are tried again is fixed by class; how often and when is set here. */
export interface RetryOptions extends BackoffOptions {
  /** Tries in all, the first included, >= 1. @defaultValue 4 */
  readonly maxAttempts?: number;
}

/** Options of {@link PostgresAdapter}. A part given beside `url` wins over the URL's. */
export interface PostgresAdapterOptions extends PoolOptions {
  /** `postgres://user:password@host:port/database?sslmode=require`, reserved characters percent-encoded. */
  readonly url?: string;
  /** A name, an address, or the directory of a Unix socket. @defaultValue "localhost" */
  readonly host?: string;
  /** @defaultValue 5432 */
  readonly port?: number;
  /** @defaultValue "postgres" */
  readonly user?: string;
  /** Text, or a function asked for each connection. */
  readonly password?: PasswordSource;
  /** @defaultValue the user's name */
  readonly database?: string;
  /** `true` checks certificate and host name; Node's TLS options for all else. @defaultValue false */
  readonly tls?: boolean | TlsOptions;
  /** As `pg_stat_activity` shows it. @defaultValue "chimera" */
  readonly applicationName?: string;
  /** Milliseconds after which the server cancels a statement, >= 0; 0 leaves the server's own. PgBouncer must be told to ignore it. @defaultValue 0 */
  readonly statementTimeoutMs?: number;
  /** Milliseconds for a whole call: waiting, connecting, pinging, running and retrying, >= 0; 0 means none. @defaultValue 60_000 */
  readonly deadlineMs?: number;
  readonly retry?: RetryOptions;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Options with every default filled in. */
export interface ResolvedOptions extends Required<PoolOptions> {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: PasswordSource | undefined;
  readonly database: string;
  readonly tls: boolean | TlsOptions;
  readonly applicationName: string;
  readonly statementTimeoutMs: number;
  readonly deadlineMs: number;
  readonly retry: Required<RetryOptions>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
}

const DEFAULTS = {
  host: "localhost",
  port: 5432,
  user: "postgres",
  tls: false,
  applicationName: "chimera",
  statementTimeoutMs: 0,
  deadlineMs: 60_000,
  // SQLAlchemy's sizes and wait.
  poolSize: 5,
  maxOverflow: 10,
  poolTimeoutMs: 30_000,
  // HikariCP's maximal lifetime, and its window within which a used connection is trusted.
  recycleMs: 1_800_000,
  recycleJitter: 0.1,
  prePing: true,
  prePingIdleMs: 500,
  prePingTimeoutMs: 2_000,
  connectTimeoutMs: 10_000,
  leakAfterMs: 0,
} as const;

/** 100, 200 and 400 ms between four tries. */
const DEFAULT_RETRY: Required<RetryOptions> = { ...DEFAULT_BACKOFF, maxAttempts: 4 };

/**
 * Fills options in and checks them.
 *
 * @throws PostgresError `POSTGRES_INVALID` whose `issues` lists everything that is wrong; none shows a secret.
 */
export function resolveOptions(options: PostgresAdapterOptions): ResolvedOptions {
  const { url, retry, ...own } = options;
  const fromUrl: ConnectionParts | string = url === undefined ? {} : parseConnectionUrl(url);
  const parts = typeof fromUrl === "string" ? {} : fromUrl;
  const given = { ...defined(parts), ...defined(own) };
  const user = given.user ?? DEFAULTS.user;
  const resolved: ResolvedOptions = {
    ...DEFAULTS,
    database: user,
    password: undefined,
    logger: stderrLogger,
    clock: systemClock,
    random: Math.random,
    ...given,
    user,
    retry: { ...DEFAULT_RETRY, ...defined(retry ?? {}) },
  };
  const issues = [
    ...(typeof fromUrl === "string" ? [`Expected \`url\` to be ${fromUrl}`] : []),
    ...optionIssues(resolved),
  ];
  if (issues.length > 0) throw new PostgresError("POSTGRES_INVALID", issues.join("; "), { issues });
  return Object.freeze(resolved);
}

function optionIssues(options: ResolvedOptions): string[] {
  const { password, retry } = options;
  return [
    ...issuesOf(
      ...(["host", "user", "database", "applicationName"] as const).map((name) =>
        textIssue(name, options[name]),
      ),
      integerIssue("port", options.port, { min: 1, max: 65_535 }),
      password === undefined || typeof password === "string" || typeof password === "function"
        ? undefined
        : `Expected \`password\` to be text or a function, got ${typeof password}`,
      integerIssue("statementTimeoutMs", options.statementTimeoutMs, { min: 0, max: 2_147_483_647 }),
      integerIssue("deadlineMs", options.deadlineMs, { min: 0 }),
      integerIssue("poolSize", options.poolSize, { min: 0 }),
      integerIssue("maxOverflow", options.maxOverflow, { min: -1 }),
      integerIssue("poolTimeoutMs", options.poolTimeoutMs, { min: 1 }),
      integerIssue("recycleMs", options.recycleMs, { min: 0 }),
      numberIssue("recycleJitter", options.recycleJitter, { min: 0, max: 1 }),
      integerIssue("prePingIdleMs", options.prePingIdleMs, { min: 0 }),
      integerIssue("prePingTimeoutMs", options.prePingTimeoutMs, { min: 1 }),
      integerIssue("connectTimeoutMs", options.connectTimeoutMs, { min: 1 }),
      integerIssue("leakAfterMs", options.leakAfterMs, { min: 0 }),
      integerIssue("retry.maxAttempts", retry.maxAttempts, { min: 1 }),
    ),
    ...backoffIssues(retry, "retry."),
  ];
}

/** NUL ends a text in the start-up packet: what follows it would be read as another parameter. */
function textIssue(name: string, value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && !value.includes("\0")
    ? undefined
    : `Expected \`${name}\` to be text that is not empty and has no NUL`;
}
