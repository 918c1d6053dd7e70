import { invalid } from "./errors.ts";

/** A table as statements and dead letters name it. */
export interface TableName {
  /** As the caller gave it, such as `quakes` or `seismology.quakes`. */
  readonly given: string;
  /** Quoted for a statement. */
  readonly quoted: string;
  /** `undefined`: the connection's database. */
  readonly database: string | undefined;
  readonly table: string;
}

/**
 * Reads `table` or `database.table`. Each part is quoted, so that any name works and none can end the statement.
 *
 * @throws ClickHouseStorageError `CLICKHOUSE_INVALID` for an empty part, a third part or a control character.
 */
export function tableName(given: string): TableName {
  const parts = typeof given === "string" ? given.split(".") : [];
  const [first, second] = parts;
  // eslint-disable-next-line no-control-regex
  const unusable = parts.some((part) => part === "" || /[\u0000-\u001f]/.test(part));
  if (first === undefined || parts.length > 2 || unusable) {
    throw invalid("Bad table name", ["Expected `table` to be `table` or `database.table`"]);
  }
  const [database, table] = second === undefined ? [undefined, first] : [first, second];
  return { given, quoted: parts.map(quoted).join("."), database, table };
}

/** An identifier in backticks; a backslash or backtick in it is escaped (ClickHouse docs, "Syntax: Identifiers"). */
function quoted(identifier: string): string {
  return `\`${identifier.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}
