import { isUtf8 } from "node:buffer";

import { ClickHouseStorageError } from "../errors.ts";

/** Whether `JSON.stringify` alone encodes the row as it should be. */
export type FieldFindings = "plain" | "special";

/** What may stand in a row. */
export interface FieldRules {
  /** Bytes must be valid UTF-8: an engine in the process takes statements as text and changes any others. */
  readonly textOnly: boolean;
}

/** Deeper nesting than any column type holds; a cycle ends here too. */
const MAX_DEPTH = 64;

/**
 * Looks at every field once and refuses what would be lost or changed silently.
 *
 * @throws ClickHouseStorageError `CLICKHOUSE_ROW_INVALID` naming the field.
 */
export function inspectFields(row: object, rules: FieldRules): FieldFindings {
  if (typeof row !== "object" || row === null || Array.isArray(row) || ArrayBuffer.isView(row)) {
    throw refused("", "a row must be an object with a field for each column");
  }
  return inspectEach(row, "", 1, rules) ? "special" : "plain";
}

function inspectEach(value: object, path: string, depth: number, rules: FieldRules): boolean {
  let special = false;
  // `for in` reads fields several times faster than `Object.keys`; what is inherited is not sent, so not looked at.
  for (const name in value) {
    const field = (value as Record<string, unknown>)[name];
    if (isPlainScalar(field) || !Object.hasOwn(value, name)) continue;
    if (inspect(field, path === "" ? name : `${path}.${name}`, depth, rules)) special = true;
  }
  return special;
}

function isPlainScalar(value: unknown): boolean {
  const type = typeof value;
  return (
    type === "string" ||
    type === "boolean" ||
    value === undefined ||
    value === null ||
    (type === "number" && Number.isFinite(value))
  );
}

function inspect(value: unknown, path: string, depth: number, rules: FieldRules): boolean {
  if (isPlainScalar(value)) return false;
  if (typeof value === "number" || typeof value === "bigint") return true;
  if (typeof value !== "object" || value === null) throw refused(path, `a ${typeof value}`);
  if (depth > MAX_DEPTH) throw refused(path, `nested deeper than ${MAX_DEPTH} levels, or in a cycle`);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused(path, "an invalid Date");
    return false;
  }
  if (value instanceof Uint8Array) {
    if (rules.textOnly && !isUtf8(value)) {
      throw refused(
        path,
        "bytes that are not UTF-8, which an embedded engine would change; pass hex or base64",
      );
    }
    return true;
  }
  if (value instanceof Map) throw refused(path, "a Map; pass Object.fromEntries(map)");
  if (value instanceof Set) throw refused(path, "a Set; pass [...set]");
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw refused(path, `a ${value.constructor.name}; pass Array.from(numbers), or a Uint8Array for bytes`);
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return false;
  return Array.isArray(value)
    ? inspectItems(value, path, depth, rules)
    : inspectEach(value, path, depth + 1, rules);
}

function inspectItems(items: readonly unknown[], path: string, depth: number, rules: FieldRules): boolean {
  let special = false;
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    if (item === undefined) throw refused(`${path}[${index}]`, "undefined inside an array; pass null");
    if (isPlainScalar(item)) continue;
    if (inspect(item, `${path}[${index}]`, depth + 1, rules)) special = true;
  }
  return special;
}

function refused(path: string, why: string): ClickHouseStorageError {
  const where = path === "" ? "The row" : `Field \`${path}\``;
  return new ClickHouseStorageError("CLICKHOUSE_ROW_INVALID", `${where} cannot be sent: ${why}`);
}
