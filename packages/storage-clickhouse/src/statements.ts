import { backoffDelayMs, sleep } from "@chimera/dlq";

import type { ClickHouseSettings, ResolvedOptions } from "./adapter-options.ts";
import type { DirectCalls } from "./direct-calls.ts";
import type { EndpointPool } from "./endpoints/endpoint-pool.ts";
import type { Endpoint } from "./endpoints/endpoint.ts";
import { ClickHouseStorageError } from "./errors.ts";
import { errorOf, readFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";

/** Options of a statement. */
export interface StatementOptions {
  /** Values of `{name: Type}` placeholders. Servers before 19 refuse them. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** ClickHouse settings of this call. */
  readonly settings?: ClickHouseSettings;
  readonly signal?: AbortSignal;
}

/** What statements are run with. */
export interface StatementRunnerParts {
  readonly pool: EndpointPool;
  readonly options: ResolvedOptions;
  readonly secrets: readonly string[];
  /** What a close of the adapter waits for, and ends. */
  readonly calls: DirectCalls;
}

/** Tries of a read. A writer's patience would hold up a person who looks at a page. */
const READ_ATTEMPTS = 3;

/** Runs statements other than inserts of rows. */
export class StatementRunner {
  readonly #parts: StatementRunnerParts;

  constructor(parts: StatementRunnerParts) {
    this.#parts = parts;
  }

  async query<Row>(sql: string, options: StatementOptions): Promise<Row[]> {
    return this.#parts.calls.run(
      async ({ giveUp: signal }) =>
        this.#run("Query failed", { ...options, signal }, isTransient, async ({ client }, settings) => {
          const answer = await client.query({ query: sql, format: "JSONEachRow", ...settings });
          return answer.json<Row>();
        }),
      options.signal,
    );
  }

  async *stream<Row>(sql: string, options: StatementOptions): AsyncGenerator<Row, void, void> {
    const answer = await this.#run("Query failed", options, isTransient, async ({ client }, settings) =>
      client.query({ query: sql, format: "JSONEachRow", ...settings }),
    );
    try {
      for await (const rows of answer.stream()) {
        for (const row of rows as readonly { json(): unknown }[]) yield row.json() as Row;
      }
    } catch (error) {
      throw this.#mapped(error, "Query failed", options.signal);
    } finally {
      answer.close();
    }
  }

  async command(sql: string, options: StatementOptions): Promise<void> {
    await this.#parts.calls.run(
      async ({ giveUp: signal }) =>
        this.#run("Statement failed", { ...options, signal }, neverRan, async ({ client }, settings) => {
          await client.command({ query: sql, ...settings });
        }),
      options.signal,
    );
  }

  async #run<Answer>(
    what: string,
    { params, settings, signal }: StatementOptions,
    retries: (failure: Failure) => boolean,
    call: (endpoint: Endpoint, parameters: CallParameters) => Promise<Answer>,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const endpoint = await this.#acquire(what, signal);
      try {
        const answer = await call(endpoint, {
          clickhouse_settings: { ...unstuck(endpoint), ...settings },
          ...(params !== undefined && { query_params: { ...params } }),
          ...(signal !== undefined && { abort_signal: signal }),
        });
        endpoint.breaker.answered();
        return answer;
      } catch (error) {
        const failure = this.#note(endpoint, error, signal);
        if (signal?.aborted === true || attempt === READ_ATTEMPTS || !retries(failure)) {
          throw this.#mapped(error, what, signal);
        }
        await this.#waitAfter(attempt, what, signal);
      }
    }
  }

  async #acquire(what: string, signal: AbortSignal | undefined): Promise<Endpoint> {
    const { pool, options } = this.#parts;
    const deadline = options.clock.monotonic() + options.requestTimeoutMs;
    let endpoint: Endpoint | undefined;
    try {
      endpoint = await pool.acquire({ deadline, signal });
    } catch (error) {
      throw this.#mapped(error, what, signal);
    }
    if (endpoint !== undefined) return endpoint;
    throw new ClickHouseStorageError("CLICKHOUSE_UNAVAILABLE", `${what}: no server answers`, {
      retryable: true,
    });
  }

  async #waitAfter(attempt: number, what: string, signal: AbortSignal | undefined): Promise<void> {
    const { clock, backoff, random } = this.#parts.options;
    try {
      await sleep(clock, backoffDelayMs(attempt, backoff, random), signal);
    } catch (error) {
      throw this.#mapped(error, what, signal);
    }
  }

  #note(endpoint: Endpoint, error: unknown, signal: AbortSignal | undefined): Failure {
    const failure = readFailure(error, this.#parts.secrets);
    if (signal?.aborted === true) endpoint.breaker.inconclusive();
    else if (failure.unreachable) endpoint.breaker.unanswered();
    else endpoint.breaker.answered();
    return failure;
  }

  #mapped(error: unknown, what: string, signal: AbortSignal | undefined): ClickHouseStorageError {
    if (error instanceof ClickHouseStorageError) return error;
    if (signal?.aborted === true) {
      return new ClickHouseStorageError("CLICKHOUSE_ABORTED", `${what}: ended by its caller, or by close`);
    }
    return errorOf(readFailure(error, this.#parts.secrets), what);
  }
}

interface CallParameters {
  readonly clickhouse_settings: ClickHouseSettings;
  readonly query_params?: Record<string, unknown>;
  readonly abort_signal?: AbortSignal;
}

/** What may have run is not run again: a statement such as ALTER … UPDATE need not be repeatable. */
function neverRan(failure: Failure): boolean {
  return failure.unreachable && !failure.outcomeUnknown;
}

function isTransient(failure: Failure): boolean {
  return failure.kind === "transient";
}

/**
 * In an engine in the process, settings of one call stay in force: an insert's token would make the server
 * silently drop the rows of the next INSERT … SELECT.
 */
function unstuck({ embedded }: Endpoint): ClickHouseSettings {
  return embedded ? { insert_deduplication_token: "" } : {};
}
