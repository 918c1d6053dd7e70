import { PostgresError } from "../errors.ts";

/** Makes the text form of a value, as the type's own input function reads it; `null` for null and undefined. */
export type ValueEncoder = (value: unknown) => string | null;

/**
 * The text form of a value for any column that is not JSON. Dates keep local time and name its offset, as the
 * driver's parameters do, so that `timestamp` columns agree between `query` and `bulkInsert`.
 *
 * @throws PostgresError `POSTGRES_INVALID` for a value that has no text form.
 */
export const textValue: ValueEncoder = (value) => {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (typeof value === "object") return objectText(value);
  throw new PostgresError(
    "POSTGRES_INVALID",
    `Expected a value that a column can hold, got a ${typeof value}`,
  );
};

/** The text form for a `json` or `jsonb` column: text is taken as JSON text, all else is encoded, arrays too. */
export const jsonValue: ValueEncoder = (value) => {
  if (value === null || value === undefined || typeof value === "string") return value ?? null;
  return encodeJson(value);
};

function objectText(value: object): string {
  if (value instanceof Date) return dateText(value);
  if (ArrayBuffer.isView(value)) return bytesText(value);
  return Array.isArray(value) ? arrayText(value) : encodeJson(value);
}

function encodeJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A cycle or a bigint inside: the message of the engine may quote the value.
  }
  if (text === undefined) throw new PostgresError("POSTGRES_INVALID", "Expected a value that JSON can hold");
  return text;
}

function bytesText(view: ArrayBufferView): string {
  return `\\x${Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("hex")}`;
}

/** A list of texts as an array literal (PostgreSQL documentation, 8.15.6): each quoted, so that `NULL` and braces stay text. */
export function arrayOfTexts(texts: readonly (string | null)[]): string {
  return `{${texts.map(elementText).join(",")}}`;
}

function arrayText(values: readonly unknown[]): string {
  const elements = values.map((value) =>
    Array.isArray(value) ? arrayText(value) : elementText(textValue(value)),
  );
  return `{${elements.join(",")}}`;
}

function elementText(text: string | null): string {
  if (text === null) return "NULL";
  return `"${/["\\]/.test(text) ? text.replaceAll(/["\\]/g, "\\$&") : text}"`;
}

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new PostgresError("POSTGRES_INVALID", "Expected a valid Date");
  const offsetMinutes = -date.getTimezoneOffset();
  const year = date.getFullYear();
  const day = `${pad(year < 1 ? 1 - year : year, 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
  const offset = Math.abs(offsetMinutes);
  const zone = `${offsetMinutes < 0 ? "-" : "+"}${pad(Math.floor(offset / 60))}:${pad(offset % 60)}`;
  return `${day}T${time}${zone}${year < 1 ? " BC" : ""}`;
}

function pad(value: number, length = 2): string {
  return String(value).padStart(length, "0");
}
