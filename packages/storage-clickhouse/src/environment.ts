import { EnvironmentReader } from "@chimera/dlq";
import type { Environment } from "@chimera/dlq";

import type { ClickHouseOptions } from "./adapter-options.ts";
import { parseServerUrl, URL_EXAMPLE } from "./credentials.ts";
import { invalid } from "./errors.ts";
import type { BatchWriterOptions } from "./writer/writer-options.ts";

/** Settings as the environment gives them: of the adapter, and defaults for its writers. */
export interface EnvironmentSettings {
  readonly options: ClickHouseOptions;
  readonly writerDefaults: BatchWriterOptions;
}

/**
 * Reads `CHIMERA_CLICKHOUSE_*`. `overrides` win, and make a URL unnecessary when they say where to connect.
 *
 * @throws ClickHouseStorageError `CLICKHOUSE_INVALID`, with a line for each wrong variable and never a value.
 */
export function settingsFromEnvironment(
  environment: Environment,
  overrides: ClickHouseOptions,
): EnvironmentSettings {
  const reader = new EnvironmentReader(environment);
  const named = overrides.url ?? overrides.urls ?? overrides.connection;
  const urls = urlsFrom(reader, named === undefined);
  const username = reader.text("CHIMERA_CLICKHOUSE_USER");
  const password = reader.text("CHIMERA_CLICKHOUSE_PASSWORD");
  const database = reader.text("CHIMERA_CLICKHOUSE_DATABASE");
  const options = present({
    username,
    password,
    database,
    urls: named === undefined ? urls : undefined,
    requestTimeoutMs: reader.integer("CHIMERA_CLICKHOUSE_REQUEST_TIMEOUT_MS", {
      min: 100,
      max: 3_600_000,
    }),
    maxOpenConnections: reader.integer("CHIMERA_CLICKHOUSE_MAX_OPEN_CONNECTIONS", { min: 1, max: 1_000 }),
    compress: reader.boolean("CHIMERA_CLICKHOUSE_COMPRESS"),
    strict: reader.boolean("CHIMERA_CLICKHOUSE_STRICT"),
    retryForMs: reader.integer("CHIMERA_CLICKHOUSE_RETRY_FOR_MS", { min: 0, max: 86_400_000 }),
    holdForMs: reader.integer("CHIMERA_CLICKHOUSE_HOLD_FOR_MS", { min: 0, max: 86_400_000 }),
    maxBadRows: reader.integer("CHIMERA_CLICKHOUSE_MAX_BAD_ROWS", { min: 0, max: 10_000 }),
  });
  const writerDefaults = present({
    maxRows: reader.integer("CHIMERA_CLICKHOUSE_MAX_ROWS", { min: 1, max: 1_000_000 }),
    maxBytes: reader.integer("CHIMERA_CLICKHOUSE_MAX_BYTES", { min: 1_024, max: 134_217_728 }),
    maxDelayMs: reader.integer("CHIMERA_CLICKHOUSE_MAX_DELAY_MS", { min: 0, max: 3_600_000 }),
    maxBufferedBytes: reader.integer("CHIMERA_CLICKHOUSE_MAX_BUFFERED_BYTES", { min: 1_024 }),
    concurrency: reader.integer("CHIMERA_CLICKHOUSE_CONCURRENCY", { min: 1, max: 100 }),
  });
  if (reader.issues.length > 0) throw invalid("Bad ClickHouse settings", reader.issues);
  return { options: { ...options, ...overrides }, writerDefaults };
}

/** One URL, or several with commas between them. */
function urlsFrom(reader: EnvironmentReader, required: boolean): readonly string[] | undefined {
  const name = "CHIMERA_CLICKHOUSE_URL";
  const text = reader.text(name);
  const expected = `a URL like ${URL_EXAMPLE}, or several with commas between them`;
  if (text === undefined) return required ? reader.reject(name, expected) : undefined;
  const urls = text.split(/,(?=https?:\/\/)/).map((url) => url.trim());
  return urls.every(isServerUrl) ? urls : reader.reject(name, expected);
}

function isServerUrl(url: string): boolean {
  try {
    parseServerUrl(url);
    return true;
  } catch {
    return false;
  }
}

/** Without the settings that are not set: `exactOptionalPropertyTypes` tells absent from `undefined`. */
function present<Settings extends object>(
  settings: Settings,
): {
  [Key in keyof Settings]?: Exclude<Settings[Key], undefined>;
} {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Settings]?: Exclude<Settings[Key], undefined> };
}
