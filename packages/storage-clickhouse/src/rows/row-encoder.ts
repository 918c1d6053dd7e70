import { errorMessage } from "@chimera/dlq";

import { ClickHouseStorageError } from "../errors.ts";

import { inspectFields } from "./field-rules.ts";
import type { FieldRules } from "./field-rules.ts";
import { encodeSpecial } from "./special-values.ts";

/** A row as it goes on the wire: one JSON object without a line break; as bytes where it is not valid text. */
export type EncodedRow = string | Buffer;

const ANY_BYTES: FieldRules = { textOnly: false };

/**
 * Encodes a row for `JSONEachRow`, once: the same bytes go to the server and into a dead letter.
 *
 * Strings, booleans, finite numbers, null, plain arrays and objects, and anything with `toJSON` go as JSON. A
 * BigInt goes as its digits in quotes, a valid Date as ISO 8601 with milliseconds, NaN and the infinities as
 * `"nan"`, `"inf"`, `"-inf"` (ClickHouse reads these in Float columns), a Uint8Array as a string of exactly its
 * bytes. A field that is `undefined` is left out, and the column takes its default.
 *
 * @throws ClickHouseStorageError `CLICKHOUSE_ROW_INVALID` naming the field: an invalid Date, a function, a symbol,
 * a Map, a Set, a typed array of numbers, `undefined` inside an array, a cycle; or a row that is no object.
 */
export function encodeRow(row: object, rules: FieldRules = ANY_BYTES): EncodedRow {
  try {
    return inspectFields(row, rules) === "plain" ? JSON.stringify(row) : encodeSpecial(row);
  } catch (error) {
    if (error instanceof ClickHouseStorageError) throw error;
    const [reason = ""] = errorMessage(error).split("\n", 1);
    throw new ClickHouseStorageError("CLICKHOUSE_ROW_INVALID", `The row cannot be encoded: ${reason}`);
  }
}
