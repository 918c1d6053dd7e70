import { choiceIssue } from "@chimera/dlq";
import { PostgresError } from "../errors.ts";
import type { CallOptions } from "../query.ts";
import { quoteIdentifier } from "../sql.ts";
import type { BulkRow, Column, RunStatement, TableName } from "./columns.ts";
import { copyChunks } from "./copy-rows.ts";
import type { OnConflict } from "./insert-statement.ts";
import { conflictText, copyText, unnestStatement, valuesStatement } from "./insert-statement.ts";

/** How rows travel. */
export type BulkStrategy = "values" | "unnest" | "copy";

/** Options of `bulkInsert`. */
export interface BulkInsertOptions extends CallOptions {
  /** Columns to fill, in this order; other properties of rows are passed over. @defaultValue those of the first row, which every row must then have */
  readonly columns?: readonly string[];
  /** @defaultValue a conflict is an error */
  readonly onConflict?: OnConflict;
  /** Whether storing the same rows twice has the effect of once, as with a key and `onConflict`. @defaultValue false */
  readonly idempotent?: boolean;
  /** @defaultValue by the number of rows: VALUES under 50, UNNEST to 5_000 and with `onConflict`, COPY above */
  readonly strategy?: BulkStrategy;
}

/** Rows that were stored; fewer than given only where `onConflict` passed some over. */
export interface BulkInsertResult {
  readonly rowCount: number;
  readonly strategy: BulkStrategy;
}

// Where the measured curves cross (five columns, one of them jsonb); the scenario pg-bulk prints them.
const UNNEST_FROM_ROWS = 50;
const COPY_ABOVE_ROWS = 5_000;
/** Rows of one UNNEST: ten times as many in one statement were slower. */
const UNNEST_ROWS = 1_000;
/** Parameters of one statement (PostgreSQL documentation, 55.7, message Bind: a 16-bit count). */
const MAX_PARAMETERS = 65_535;

/** What is to be inserted, checked and with its strategy chosen. */
export interface BulkPlan {
  /** Quoted. */
  readonly table: string;
  readonly rows: readonly BulkRow[];
  readonly names: readonly string[];
  readonly conflict: string;
  readonly strategy: BulkStrategy;
  /** Whether it takes several statements, which only a transaction makes one. */
  readonly isSplit: boolean;
}

/** Where rows go: one client, on its own or in a transaction. */
export interface BulkSession {
  readonly run: RunStatement;
  copyIn(text: string, chunks: Iterable<Buffer>): Promise<number>;
}

/** @throws PostgresError `POSTGRES_INVALID` */
export function planBulkInsert(
  table: TableName,
  rows: readonly BulkRow[],
  options: BulkInsertOptions,
): BulkPlan {
  if (!Array.isArray(rows)) throw new PostgresError("POSTGRES_INVALID", "Expected `rows` to be an array");
  const names = options.columns ?? columnsOfEvery(rows);
  if (rows.length > 0 && names.length === 0)
    throw new PostgresError("POSTGRES_INVALID", "Expected at least one column to fill");
  if (new Set(names).size < names.length)
    throw new PostgresError("POSTGRES_INVALID", "Expected `columns` to name each column once");
  for (const name of names) quoteIdentifier(name);
  const strategy = strategyFor(rows.length, names.length, options);
  return {
    table: typeof table === "string" ? quoteIdentifier(table) : quoteIdentifier(...table),
    rows,
    names,
    conflict: conflictText(options.onConflict, names),
    strategy,
    isSplit: strategy === "unnest" && rows.length > UNNEST_ROWS,
  };
}

/** Inserts what was planned; a split plan must run inside a transaction. */
export async function runBulkInsert(
  plan: BulkPlan,
  columns: readonly Column[],
  session: BulkSession,
): Promise<BulkInsertResult> {
  const { table, rows, strategy, conflict } = plan;
  if (strategy === "copy") {
    const rowCount = await session.copyIn(copyText(table, columns), copyChunks(rows, columns));
    return { rowCount, strategy };
  }
  if (strategy === "unnest") return { rowCount: await runUnnest(plan, columns, session.run), strategy };
  const { rowCount } = await session.run(valuesStatement(table, rows, columns, conflict));
  return { rowCount: rowCount ?? 0, strategy };
}

async function runUnnest(
  { table, rows, conflict }: BulkPlan,
  columns: readonly Column[],
  run: RunStatement,
): Promise<number> {
  let total = 0;
  for (let from = 0; from < rows.length; from += UNNEST_ROWS) {
    const part = rows.slice(from, from + UNNEST_ROWS);
    const { rowCount } = await run(unnestStatement(table, part, columns, conflict));
    total += rowCount ?? 0;
  }
  return total;
}

function strategyFor(
  rows: number,
  columns: number,
  { strategy, onConflict }: BulkInsertOptions,
): BulkStrategy {
  const tooWide = rows * columns > MAX_PARAMETERS;
  if (strategy === undefined) {
    if (rows < UNNEST_FROM_ROWS && !tooWide) return "values";
    return rows <= COPY_ABOVE_ROWS || onConflict !== undefined ? "unnest" : "copy";
  }
  const issue = choiceIssue("strategy", strategy, ["values", "unnest", "copy"]);
  if (issue !== undefined) throw new PostgresError("POSTGRES_INVALID", issue);
  if (strategy === "copy" && onConflict !== undefined)
    throw new PostgresError("POSTGRES_INVALID", "Expected another `strategy` than copy with `onConflict`");
  if (strategy === "values" && tooWide)
    throw new PostgresError(
      "POSTGRES_INVALID",
      `Expected at most ${MAX_PARAMETERS} values for the strategy values`,
    );
  return strategy;
}

/** The first row's columns, once every row was seen to have no others: a misspelt one would be lost in silence. */
function columnsOfEvery(rows: readonly BulkRow[]): readonly string[] {
  const names = Object.keys(rows[0] ?? {});
  const known = new Set(names);
  for (const [index, row] of rows.entries()) {
    let place = 0;
    for (const name in row) {
      // Rows mostly have their columns in one order: then no name is looked up.
      if (name !== names[place++] && !known.has(name)) throw anotherColumn(index);
    }
  }
  return names;
}

function anotherColumn(index: number): PostgresError {
  return new PostgresError(
    "POSTGRES_INVALID",
    `Expected every row to have the columns of the first; row ${index} has another one. Name them in \`columns\``,
  );
}
