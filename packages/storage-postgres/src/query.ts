import type { Limits } from "./failure.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Statement } from "./pooled-client.ts";
import { SqlStatement } from "./sql.ts";
import { PostgresError } from "./errors.ts";

/** What one call may ask for beyond its statement. */
export interface CallOptions {
  /** Milliseconds for the whole call, >= 0; 0 means none. @defaultValue the adapter's */
  readonly deadlineMs?: number;
  /** Ends waiting at once and cancels a running statement on the server. The call rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Options of one statement. */
export interface QueryOptions extends CallOptions {
  /**
   * Whether running it twice has the effect of running it once, as for reads and upserts: only then is it
   * repeated after a connection was lost behind the sending. @defaultValue false
   */
  readonly idempotent?: boolean;
  /** Prepares the statement once a session under this name, 1 to 63 bytes; one name, one text. Not through PgBouncer in transaction mode. */
  readonly name?: string;
}

/** Options of a stream of rows. */
export interface StreamOptions extends CallOptions {
  /**
   * Whether running it twice has the effect of running it once, as for reads: then a connection that is lost behind
   * the last row leaves no doubt. @defaultValue false
   */
  readonly idempotent?: boolean;
  /** Rows fetched in one round trip, 1 to 100_000. @defaultValue 500 */
  readonly batchRows?: number;
}

/** The answer to a statement. */
export interface QueryResult<Row> {
  readonly rows: Row[];
  /** Rows returned or changed; 0 for a statement that counts none. */
  readonly rowCount: number;
  /** As the server names what it did, such as `INSERT`. */
  readonly command: string;
}

/** Runs statements: the adapter itself, or one transaction. */
export interface QueryRunner {
  /**
   * Runs one statement. Of its values objects travel as JSON, arrays as Postgres arrays, bytes as `bytea`.
   *
   * @throws PostgresError; `OUTCOME_UNKNOWN` alone leaves open whether it took effect.
   */
  query<Row = Record<string, unknown>>(
    statement: SqlStatement,
    options?: QueryOptions,
  ): Promise<QueryResult<Row>>;
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryResult<Row>>;
}

/** The two forms of a call as one: text with values, or a statement of the `sql` tag. */
export function readQueryCall<Options extends CallOptions & { readonly name?: string }>(
  first: SqlStatement | string,
  second: readonly unknown[] | Options | undefined,
  third: Options | undefined,
): { readonly statement: Statement; readonly options: Partial<Options> } {
  if (typeof first === "string") {
    const options: Partial<Options> = third ?? {};
    // It would end the text on the wire, and what follows be read as something else.
    if (first.includes("\0"))
      throw new PostgresError("POSTGRES_INVALID", "Expected the statement to have no NUL");
    if (second !== undefined && !Array.isArray(second))
      throw new PostgresError("POSTGRES_INVALID", "Expected `values` to be an array; options come third");
    return {
      statement: { text: first, values: second as readonly unknown[], name: nameOf(options) },
      options,
    };
  }
  if (!SqlStatement.is(first))
    throw new PostgresError("POSTGRES_INVALID", "Expected the statement to be text or made by the `sql` tag");
  const options = (second ?? {}) as Partial<Options>;
  return { statement: { text: first.text, values: first.values, name: nameOf(options) }, options };
}

function nameOf({ name }: { readonly name?: string | undefined }): string | undefined {
  if (name === undefined) return undefined;
  const isUsable =
    typeof name === "string" && name !== "" && !name.includes("\0") && Buffer.byteLength(name) <= 63;
  if (!isUsable)
    throw new PostgresError("POSTGRES_INVALID", "Expected `name` to be text of 1 to 63 bytes without NUL");
  return name;
}

/** A driver's result in our words. Several statements in one text answer with the last one's. */
export function readResult<Row>(result: unknown): QueryResult<Row> {
  const last = (Array.isArray(result) ? result.at(-1) : result) as { rowCount: number | null };
  last.rowCount ??= 0;
  return last as unknown as QueryResult<Row>;
}

/** When a call that begins now ends, and who may end it sooner. */
export function limitsOf(
  { deadlineMs, signal }: CallOptions,
  { clock, deadlineMs: usual }: ResolvedOptions,
): Limits {
  const durationMs = deadlineMs ?? usual;
  if (!(durationMs >= 0))
    throw new PostgresError("POSTGRES_INVALID", "Expected `deadlineMs` to be a number >= 0");
  return { deadlineAt: durationMs === 0 ? Infinity : clock.monotonic() + durationMs, signal };
}
