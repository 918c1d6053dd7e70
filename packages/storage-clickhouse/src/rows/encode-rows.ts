import { ClickHouseStorageError } from "../errors.ts";

import type { FieldRules } from "./field-rules.ts";
import { encodedBytes, ChunkArena, RowBuffer } from "./row-buffer.ts";
import { encodeRow } from "./row-encoder.ts";

/** Rows of one insert at most: far under one block of the server. */
const MAX_ROWS = 500_000;
const MAX_BYTES = 67_108_864;

/**
 * Encodes rows into as few buffers as one block each allows. The same rows always divide in the same way.
 *
 * @throws ClickHouseStorageError `CLICKHOUSE_ROW_INVALID` or `CLICKHOUSE_ROW_TOO_LARGE`, naming the row by its
 * place, counted from 0; nothing was sent then.
 */
export function encodeRows(rows: readonly object[], rules: FieldRules): RowBuffer[] {
  const arena = new ChunkArena();
  const buffers: RowBuffer[] = [];
  let buffer = new RowBuffer(arena);
  for (const [index, row] of rows.entries()) {
    const encoded = named(index, () => encodeRow(row, rules));
    const bytes = encodedBytes(encoded);
    if (bytes >= MAX_BYTES) {
      throw new ClickHouseStorageError(
        "CLICKHOUSE_ROW_TOO_LARGE",
        `Row ${index}: expected less than ${MAX_BYTES} bytes, got ${bytes}`,
      );
    }
    if (buffer.rowCount === MAX_ROWS || buffer.byteLength + bytes >= MAX_BYTES) {
      buffers.push(buffer);
      buffer = new RowBuffer(arena);
    }
    buffer.append(encoded);
  }
  if (buffer.rowCount > 0) buffers.push(buffer);
  for (const full of buffers) full.finish();
  return buffers;
}

function named<Encoded>(index: number, encode: () => Encoded): Encoded {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof ClickHouseStorageError)) throw error;
    throw new ClickHouseStorageError(error.code, `Row ${index}: ${error.message}`);
  }
}
