import { PostgresError } from "./errors.ts";

/** Marks a statement across module formats; JSON cannot carry a symbol, so no request body can pass as one. */
const BRAND = Symbol.for("@chimera/storage-postgres/sql");

/** Text and values that belong together. Only the {@link sql} tag makes one. */
export class SqlStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** The texts between the values, one more than there are values. */
  readonly parts: readonly string[];

  /** @internal */
  constructor(parts: readonly string[], values: readonly unknown[]) {
    this.parts = parts;
    this.values = values;
    this.text = parts.reduce((text, part, index) => `${text}$${index}${part}`);
    Object.defineProperty(this, BRAND, { value: true });
    Object.freeze(this);
  }

  /** Whether a value was made by the tag, of this copy of the module or another. */
  static is(value: unknown): value is SqlStatement {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

/** The tag and what goes with it. */
export interface Sql {
  /** Binds each `${value}` as a parameter; what another `sql` or `sql.id` made becomes part of the text. */
  (texts: TemplateStringsArray, ...values: readonly unknown[]): SqlStatement;
  /** A quoted identifier; several parts are joined by dots: `sql.id("schema", "table")`. */
  id(...parts: readonly string[]): SqlStatement;
  /** Pieces with a separator between them. An empty list is an empty text. */
  join(pieces: readonly SqlStatement[], separator?: SqlStatement): SqlStatement;
}

function tag(texts: TemplateStringsArray, ...values: readonly unknown[]): SqlStatement {
  // A plain call with a string would let text in as code.
  if (!Array.isArray(texts) || !Array.isArray(texts.raw))
    throw new PostgresError("POSTGRES_INVALID", "Expected `sql` to be used as a template tag: sql`select 1`");
  return compose(texts, values);
}

function compose(texts: readonly string[], pieces: readonly unknown[]): SqlStatement {
  const parts = [texts[0] ?? ""];
  const values: unknown[] = [];
  const append = (text: string): void => void parts.push(`${parts.pop() ?? ""}${text}`);
  for (const [index, piece] of pieces.entries()) {
    if (SqlStatement.is(piece)) {
      append(piece.parts[0] ?? "");
      parts.push(...piece.parts.slice(1));
      values.push(...piece.values);
    } else {
      if (piece === undefined)
        throw new PostgresError(
          "POSTGRES_INVALID",
          `Expected value ${index + 1} of the statement to be defined; use null`,
        );
      parts.push("");
      values.push(piece);
    }
    append(texts[index + 1] ?? "");
  }
  return new SqlStatement(parts, values);
}

/**
 * Builds statements in which values cannot become code.
 *
 * ```ts
 * const statement = sql`update ${sql.id("quakes")} set depth = ${depth} where id = ${id}`;
 * // statement.text === 'update "quakes" set depth = $1 where id = $2'
 * ```
 *
 * @throws PostgresError `POSTGRES_INVALID` for an `undefined` value, a bad identifier, or a call that is no template.
 */
export const sql: Sql = Object.assign(tag, {
  id: (...parts: readonly string[]): SqlStatement => new SqlStatement([quoteIdentifier(...parts)], []),
  join: (pieces: readonly SqlStatement[], separator: SqlStatement = tag`, `): SqlStatement =>
    compose(
      Array.from({ length: pieces.length * 2 }, () => ""),
      pieces.flatMap((piece, index) => (index === 0 ? [piece] : [separator, piece])),
    ),
});

/**
 * Identifiers as the server reads them, whatever they hold; several are joined by dots.
 *
 * @throws PostgresError `POSTGRES_INVALID` for an empty one, one with NUL, or one that the server would cut (over 63 bytes).
 */
export function quoteIdentifier(...parts: readonly string[]): string {
  if (parts.length === 0)
    throw new PostgresError("POSTGRES_INVALID", "Expected an identifier of at least one part");
  return parts.map(quotePart).join(".");
}

function quotePart(part: unknown): string {
  const isUsable =
    typeof part === "string" && part !== "" && !part.includes("\0") && Buffer.byteLength(part) <= 63;
  if (!isUsable)
    throw new PostgresError("POSTGRES_INVALID", "Expected an identifier of 1 to 63 bytes without NUL");
  return `"${part.replaceAll('"', '""')}"`;
}
