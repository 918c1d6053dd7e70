import { Batch } from "../../src/batch/batch.ts";
import { ChunkArena, RowBuffer } from "../../src/rows/row-buffer.ts";

/** A batch with the token `T` of rows that are already text. */
export function batchOf(rows: readonly string[]): Batch {
  const buffer = new RowBuffer(new ChunkArena());
  for (const row of rows) buffer.append(row);
  buffer.finish();
  return new Batch({ token: "T", rows: buffer, firstMs: 0 });
}
