import type { ClickHouseSettings } from "../adapter-options.ts";
import type { DriverClient } from "../driver.ts";
import { isIdentityCode } from "../failure-classes.ts";
import { readFailure } from "../failure.ts";

import type { Breaker } from "./breaker.ts";

/** Settings of ours that not every server knows; asked once a server, since an unknown one fails the insert (115). */
const OPTIONAL_SETTINGS = [
  "async_insert",
  "date_time_input_format",
  "input_format_allow_errors_num",
  "input_format_allow_errors_ratio",
  "input_format_skip_unknown_fields",
  "insert_deduplicate",
  "insert_deduplication_token",
  "max_insert_block_size",
  "min_insert_block_size_bytes",
  "min_insert_block_size_rows",
] as const;

/** What an endpoint is made from. */
export interface EndpointParts {
  readonly label: string;
  readonly client: DriverClient;
  readonly breaker: Breaker;
  /** An engine in the process: settings of one call stay in force for the next. */
  readonly embedded: boolean;
}

/** One server, or the engine in the process. */
export class Endpoint {
  readonly label: string;
  readonly client: DriverClient;
  readonly breaker: Breaker;
  readonly embedded: boolean;
  #known: Promise<ReadonlySet<string>> | undefined;

  constructor({ label, client, breaker, embedded }: EndpointParts) {
    this.label = label;
    this.client = client;
    this.breaker = breaker;
    this.embedded = embedded;
  }

  /** `settings` without those of ours that this server does not know. */
  async supported(settings: ClickHouseSettings): Promise<ClickHouseSettings> {
    const known = await this.#knownSettings();
    const optional: readonly string[] = OPTIONAL_SETTINGS;
    const entries = Object.entries(settings).filter(([name]) => known.has(name) || !optional.includes(name));
    return Object.fromEntries(entries);
  }

  /** Whether a repeated insert is recognised by its token. */
  async supportsTokens(): Promise<boolean> {
    return (await this.#knownSettings()).has("insert_deduplication_token");
  }

  /** Asks again next time: the server may have been restarted as another version. */
  forget(): void {
    this.#known = undefined;
  }

  async #knownSettings(): Promise<ReadonlySet<string>> {
    this.#known ??= this.#ask();
    try {
      return await this.#known;
    } catch (error) {
      this.#known = undefined;
      throw error;
    }
  }

  /** A server that answers but does not let us look is taken to know them all, as any since 21.4 does. */
  async #ask(): Promise<ReadonlySet<string>> {
    const names = OPTIONAL_SETTINGS.map((name) => `'${name}'`).join(",");
    try {
      const answer = await this.client.query({
        query: `SELECT name FROM system.settings WHERE name IN (${names})`,
        format: "JSONEachRow",
      });
      const rows = await answer.json<{ name: string }>();
      return new Set(rows.map((row) => row.name));
    } catch (error) {
      const { kind, serverCode } = readFailure(error);
      if (kind === "transient" || serverCode === undefined || isIdentityCode(serverCode)) throw error;
      return new Set(OPTIONAL_SETTINGS);
    }
  }
}
