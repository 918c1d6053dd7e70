import { PostgresError } from "../errors.ts";
import type { DriverResult, Statement } from "../pooled-client.ts";
import { quoteIdentifier } from "../sql.ts";
import type { ValueEncoder } from "./text-value.ts";
import { jsonValue, textValue } from "./text-value.ts";

/** A row by the names of its columns. A column that is missing or `undefined` becomes NULL, not the column's default. */
export type BulkRow = Readonly<Record<string, unknown>>;

/** A column to fill. */
export interface Column {
  readonly name: string;
  /** Quoted. */
  readonly identifier: string;
  /** As a cast names it. */
  readonly type: string;
  readonly encode: ValueEncoder;
}

/** The name of a table: one identifier, or schema and table. Always quoted: a dot inside a name is part of it. */
export type TableName = string | readonly [schema: string, table: string];

/** Runs one statement where the rows will go. */
export type RunStatement = (statement: Statement) => Promise<DriverResult>;

/**
 * A cast to the type without its length: a cast to `varchar(5)` would cut in silence where the assignment to the
 * column refuses. (`format_type` with -1 keeps `bpchar` and `"bit"` from meaning one character.)
 */
const TYPES = `select attname as name, format_type(atttypid, -1) as type, atttypid in (114, 3802) as json
from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`;

/** Tables whose types are remembered. */
const REMEMBERED = 1_000;

type Types = ReadonlyMap<string, { readonly type: string; readonly json: boolean }>;

/** The types of tables' columns, asked for once a table. */
export class ColumnTypes {
  readonly #known = new Map<string, Types>();

  /** Asks again; `false` when the table was not known before, or its types are still the same. */
  async haveChanged(table: string, run: RunStatement): Promise<boolean> {
    const before = this.#known.get(table);
    if (before === undefined) return false;
    const after = await this.#ask(table, run);
    return JSON.stringify([...before]) !== JSON.stringify([...after]);
  }

  /** @throws what `run` throws, such as SQLSTATE 42P01 for a table that is not there; PostgresError `POSTGRES_INVALID`. */
  async columns(table: string, names: readonly string[], run: RunStatement): Promise<Column[]> {
    const types = this.#known.get(table) ?? (await this.#ask(table, run));
    return names.map((name) => {
      const found = types.get(name);
      if (found === undefined) {
        // It may have been added since.
        this.#known.delete(table);
        throw new PostgresError(
          "POSTGRES_INVALID",
          `Expected columns of ${table}; it has no ${quoteIdentifier(name)}`,
        );
      }
      const encode = found.json ? jsonValue : textValue;
      return { name, identifier: quoteIdentifier(name), type: found.type, encode };
    });
  }

  async #ask(table: string, run: RunStatement): Promise<Types> {
    const { rows } = await run({ text: TYPES, values: [table] });
    const types: Types = new Map(
      (rows as { name: string; type: string; json: boolean }[]).map(({ name, ...type }) => [name, type]),
    );
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(table, types);
    return types;
  }
}
