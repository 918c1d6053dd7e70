import { readFileSync } from "node:fs";
import type { ConnectionOptions as TlsOptions } from "node:tls";
import type { Environment } from "@chimera/dlq";
import { EnvironmentReader } from "@chimera/dlq";
import { parseConnectionUrl, TLS_MODES, tlsOfMode } from "./connection-url.ts";
import { defined } from "./defined.ts";
import { PostgresError } from "./errors.ts";
import type { PostgresAdapterOptions } from "./options.ts";

/** TLS files by libpq's names, and what Node calls them. */
const TLS_FILES = [
  ["PGSSLROOTCERT", "ca"],
  ["PGSSLCERT", "cert"],
  ["PGSSLKEY", "key"],
] as const;

/**
 * Reads every setting of the adapter.
 *
 * @throws PostgresError `POSTGRES_INVALID`, all wrong variables at once.
 */
export function optionsFromEnvironment(environment: Environment): PostgresAdapterOptions {
  const reader = new EnvironmentReader(environment);
  const options = { ...readConnection(reader), ...readPool(reader), ...readRetry(reader) };
  const { issues } = reader;
  if (issues.length > 0)
    throw new PostgresError("POSTGRES_INVALID", `Settings are wrong. ${issues.join("; ")}`, { issues });
  return options;
}

function readConnection(reader: EnvironmentReader): PostgresAdapterOptions {
  const url = readUrl(reader);
  // A URL is the whole address: what it leaves out is not looked for in PG variables meant for another server.
  const parts: PostgresAdapterOptions =
    url === undefined
      ? defined({
          host: reader.text("PGHOST"),
          port: reader.integer("PGPORT", { min: 1, max: 65_535 }),
          user: reader.text("PGUSER"),
          database: reader.text("PGDATABASE"),
          password: reader.text("PGPASSWORD"),
          applicationName: reader.text("PGAPPNAME"),
          connectTimeoutMs: readConnectTimeout(reader),
        })
      : defined({ url });
  const password = reader.text("CHIMERA_POSTGRES_PASSWORD");
  const applicationName = reader.text("CHIMERA_POSTGRES_APPLICATION_NAME");
  return { ...parts, ...defined({ password, applicationName, tls: readTls(reader, url !== undefined) }) };
}

function readUrl(reader: EnvironmentReader): string | undefined {
  const url = reader.text("CHIMERA_POSTGRES_URL");
  if (url === undefined) return undefined;
  const parts = parseConnectionUrl(url);
  return typeof parts === "string" ? reader.reject("CHIMERA_POSTGRES_URL", parts) : url;
}

function readConnectTimeout(reader: EnvironmentReader): number | undefined {
  const seconds = reader.integer("PGCONNECT_TIMEOUT", { min: 0, max: 86_400 });
  return seconds === undefined || seconds === 0 ? undefined : seconds * 1_000;
}

function readTls(reader: EnvironmentReader, hasUrl: boolean): boolean | TlsOptions | undefined {
  const mode =
    reader.choice("CHIMERA_POSTGRES_TLS", TLS_MODES) ??
    (hasUrl ? undefined : reader.choice("PGSSLMODE", TLS_MODES));
  const files: TlsOptions = {};
  for (const [name, option] of TLS_FILES) {
    const path = reader.text(name);
    if (path === undefined) continue;
    try {
      files[option] = readFileSync(path, "utf8");
    } catch {
      reader.reject(name, "the path of a file that can be read");
    }
  }
  const tls = mode === undefined ? undefined : tlsOfMode(mode);
  if (Object.keys(files).length === 0) return tls;
  return tls === false ? false : { ...(typeof tls === "object" && tls), ...files };
}

function readPool(reader: EnvironmentReader): PostgresAdapterOptions {
  const milliseconds = (name: string, min = 1): number | undefined =>
    reader.integer(`CHIMERA_POSTGRES_${name}_MS`, { min });
  return defined({
    poolSize: reader.integer("CHIMERA_POSTGRES_POOL_SIZE", { min: 0 }),
    maxOverflow: reader.integer("CHIMERA_POSTGRES_MAX_OVERFLOW", { min: -1 }),
    poolTimeoutMs: milliseconds("POOL_TIMEOUT"),
    recycleMs: milliseconds("RECYCLE", 0),
    recycleJitter: readPart(reader, "CHIMERA_POSTGRES_RECYCLE_JITTER"),
    prePing: reader.boolean("CHIMERA_POSTGRES_PRE_PING"),
    prePingIdleMs: milliseconds("PRE_PING_IDLE", 0),
    prePingTimeoutMs: milliseconds("PRE_PING_TIMEOUT"),
    connectTimeoutMs: milliseconds("CONNECT_TIMEOUT"),
    statementTimeoutMs: milliseconds("STATEMENT_TIMEOUT", 0),
    deadlineMs: milliseconds("DEADLINE", 0),
    leakAfterMs: milliseconds("LEAK_AFTER", 0),
  });
}

function readRetry(reader: EnvironmentReader): PostgresAdapterOptions {
  const retry = defined({
    maxAttempts: reader.integer("CHIMERA_POSTGRES_RETRY_MAX_ATTEMPTS", { min: 1 }),
    baseDelayMs: reader.integer("CHIMERA_POSTGRES_RETRY_BASE_DELAY_MS", { min: 0 }),
    factor: reader.integer("CHIMERA_POSTGRES_RETRY_FACTOR", { min: 1 }),
    maxDelayMs: reader.integer("CHIMERA_POSTGRES_RETRY_MAX_DELAY_MS", { min: 0 }),
    jitter: reader.choice("CHIMERA_POSTGRES_RETRY_JITTER", ["full", "none"]),
  });
  return Object.keys(retry).length === 0 ? {} : { retry };
}

function readPart(reader: EnvironmentReader, name: string): number | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  return value >= 0 && value <= 1 ? value : reader.reject(name, "a number from 0 to 1");
}
