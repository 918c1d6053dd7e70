import { PostgresError } from "../errors.ts";
import type { Statement } from "../pooled-client.ts";
import { quoteIdentifier } from "../sql.ts";
import type { BulkRow, Column } from "./columns.ts";
import { arrayOfTexts } from "./text-value.ts";

/** What happens to a row that meets one with the same key. */
export interface OnConflict {
  /** The columns of the unique index; none means any conflict, which only doing nothing allows. */
  readonly columns?: readonly string[];
  /** Columns that take the new row's value; `"all"` but the key's; none leaves the old row as it is. */
  readonly update?: readonly string[] | "all";
}

/** One INSERT with a list of rows as parameters. */
export function valuesStatement(
  table: string,
  rows: readonly BulkRow[],
  columns: readonly Column[],
  conflict: string,
): Statement {
  const values = rows.flatMap((row) => columns.map(({ name, encode }) => encode(row[name])));
  const tuples = rows.map((_row, at) => {
    const places = columns.map((_column, index) => `$${at * columns.length + index + 1}`);
    return `(${places.join(", ")})`;
  });
  return { text: `${into(table, columns)} values ${tuples.join(", ")}${conflict}`, values };
}

/** One INSERT with a parameter a column, however many rows. Text is cast, so that a column of arrays works too. */
export function unnestStatement(
  table: string,
  rows: readonly BulkRow[],
  columns: readonly Column[],
  conflict: string,
): Statement {
  const values = columns.map(({ name, encode }) => arrayOfTexts(rows.map((row) => encode(row[name]))));
  const arrays = columns.map((_column, index) => `$${index + 1}::text[]`);
  const names = columns.map((_column, index) => `c${index}`);
  const casts = columns.map(({ type }, index) => `c${index}::${type}`);
  const source = `unnest(${arrays.join(", ")}) as bulk (${names.join(", ")})`;
  return { text: `${into(table, columns)} select ${casts.join(", ")} from ${source}${conflict}`, values };
}

export function copyText(table: string, columns: readonly Column[]): string {
  return `copy ${table} (${identifiers(columns)}) from stdin`;
}

/** @throws PostgresError `POSTGRES_INVALID` */
export function conflictText(onConflict: OnConflict | undefined, names: readonly string[]): string {
  if (onConflict === undefined) return "";
  const { columns = [], update = [] } = onConflict;
  const changed = update === "all" ? names.filter((name) => !columns.includes(name)) : update;
  const target = columns.length === 0 ? "" : ` (${columns.map((name) => quoteIdentifier(name)).join(", ")})`;
  if (changed.length === 0) return ` on conflict${target} do nothing`;
  if (target === "")
    throw new PostgresError(
      "POSTGRES_INVALID",
      "Expected `onConflict.columns` to name the key where rows are updated",
    );
  const sets = changed.map((name) => quoteIdentifier(name)).map((column) => `${column} = excluded.${column}`);
  return ` on conflict${target} do update set ${sets.join(", ")}`;
}

function into(table: string, columns: readonly Column[]): string {
  return `insert into ${table} (${identifiers(columns)})`;
}

function identifiers(columns: readonly Column[]): string {
  return columns.map(({ identifier }) => identifier).join(", ");
}
