import { integerIssue, issuesOf } from "@chimera/dlq";
import type { DeadLetterStore } from "@chimera/dlq";

import type { ClickHouseSettings } from "../adapter-options.ts";
import { invalid } from "../errors.ts";

/** Options of {@link ClickHouseAdapter.writer}. */
export interface BatchWriterOptions {
  /** Rows of a full batch, 1 to 1_000_000: one batch must stay one block of the server. @defaultValue 10_000 */
  readonly maxRows?: number;
  /** Bytes of a full batch, 1_024 to 134_217_728. @defaultValue 8_388_608 */
  readonly maxBytes?: number;
  /** Longest that a row waits for others while earlier inserts run, in milliseconds, 0 to 3_600_000. @defaultValue 1_000 */
  readonly maxDelayMs?: number;
  /** Shortest time between the starts of inserts that are not full, in milliseconds, 0 to 60_000. @defaultValue 50 */
  readonly minGapMs?: number;
  /** Bytes of rows held in memory, at least `maxBytes`; above it `write` waits. @defaultValue 67_108_864, or `maxBytes` if that is more */
  readonly maxBufferedBytes?: number;
  /** Inserts in flight at once, 1 to 100. @defaultValue 4 */
  readonly concurrency?: number;
  /** Tokens of settled rows that are remembered, so that a late repeat of `write` is not stored again, 0 to 10_000_000. @defaultValue 10_000 */
  readonly rememberTokens?: number;
  /** ClickHouse settings for this writer's inserts, over the adapter's. */
  readonly settings?: ClickHouseSettings;
  /** Over the adapter's. `null`: failed writes reject. */
  readonly deadLetters?: DeadLetterStore | null;
}

/** {@link BatchWriterOptions} filled in and checked. */
export interface ResolvedWriterOptions {
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxDelayMs: number;
  readonly minGapMs: number;
  readonly maxBufferedBytes: number;
  readonly concurrency: number;
  readonly rememberTokens: number;
}

/** Rows under one block of the server by default (`max_insert_block_size` is 1_048_449): a batch is stored whole or not at all. */
const MAX_BLOCK_ROWS = 1_000_000;
/** Half of what the server gathers into one block by size (`min_insert_block_size_bytes`, 256 MiB). */
const MAX_BLOCK_BYTES = 134_217_728;

/** @throws ClickHouseStorageError `CLICKHOUSE_INVALID` with every issue. */
export function resolveWriterOptions(options: BatchWriterOptions): ResolvedWriterOptions {
  const maxBytes = options.maxBytes ?? 8_388_608;
  const resolved: ResolvedWriterOptions = {
    maxRows: options.maxRows ?? 10_000,
    maxBytes,
    maxDelayMs: options.maxDelayMs ?? 1_000,
    minGapMs: options.minGapMs ?? 50,
    maxBufferedBytes: options.maxBufferedBytes ?? Math.max(67_108_864, maxBytes),
    concurrency: options.concurrency ?? 4,
    rememberTokens: options.rememberTokens ?? 10_000,
  };
  const issues = issuesOf(
    integerIssue("maxRows", resolved.maxRows, { min: 1, max: MAX_BLOCK_ROWS }),
    integerIssue("maxBytes", maxBytes, { min: 1_024, max: MAX_BLOCK_BYTES }),
    integerIssue("maxDelayMs", resolved.maxDelayMs, { min: 0, max: 3_600_000 }),
    integerIssue("minGapMs", resolved.minGapMs, { min: 0, max: 60_000 }),
    integerIssue("maxBufferedBytes", resolved.maxBufferedBytes, {
      min: Number.isFinite(maxBytes) ? maxBytes : 0,
    }),
    integerIssue("concurrency", resolved.concurrency, { min: 1, max: 100 }),
    integerIssue("rememberTokens", resolved.rememberTokens, { min: 0, max: 10_000_000 }),
  );
  if (issues.length > 0) throw invalid("Bad writer options", issues);
  return Object.freeze(resolved);
}
