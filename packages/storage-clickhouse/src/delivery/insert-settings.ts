import type { ClickHouseSettings } from "../adapter-options.ts";

/** More rows than any batch has. */
const BLOCK_ROWS = 1_048_449;

/**
 * What every insert of ours says, whatever the user's profile says.
 *
 * - 26.7 inserts asynchronously by default, without deduplication: our batches are made here, so not twice.
 * - One batch must stay one block, or a failed batch is half stored: with blocks of 1_000 rows a poisoned batch
 *   of 10_000 left 8_000 behind.
 * - A profile that allows errors drops bad rows without a word.
 * - `strict`: a field that no column takes is an error. 26.7 drops it silently by default.
 */
export function insertSettings(strict: boolean): ClickHouseSettings {
  return {
    async_insert: 0,
    insert_deduplicate: 1,
    max_insert_block_size: BLOCK_ROWS,
    min_insert_block_size_rows: BLOCK_ROWS,
    min_insert_block_size_bytes: 0,
    input_format_allow_errors_num: 0,
    input_format_allow_errors_ratio: 0,
    date_time_input_format: "best_effort",
    ...(strict && { input_format_skip_unknown_fields: 0 }),
  };
}
