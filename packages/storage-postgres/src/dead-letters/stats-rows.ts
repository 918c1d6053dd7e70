import type { DeadLetterReason, DeadLetterStats } from "@chimera/dlq";
import { fromStorable } from "./row-codec.ts";

/** Counts of one reason and source, as the server sums them up. */
export interface StatsRow {
  readonly reason: DeadLetterReason;
  readonly source: string;
  readonly count: number;
  readonly bytes: string;
  readonly oldest: string;
  readonly newest: string;
}

/** The contract's counts out of the server's. */
export function sumUp(rows: readonly StatsRow[]): DeadLetterStats {
  const byReason: Partial<Record<DeadLetterReason, number>> = {};
  const bySource: Record<string, number> = {};
  let [count, bytes] = [0, 0];
  for (const row of rows) {
    const source = fromStorable(row.source);
    count += row.count;
    bytes += Number(row.bytes);
    byReason[row.reason] = (byReason[row.reason] ?? 0) + row.count;
    bySource[source] = (bySource[source] ?? 0) + row.count;
  }
  const oldestTs = rows.map(({ oldest }) => oldest).toSorted()[0];
  const newestTs = rows
    .map(({ newest }) => newest)
    .toSorted()
    .at(-1);
  return {
    count,
    bytes,
    byReason,
    bySource,
    ...(oldestTs !== undefined && { oldestTs }),
    ...(newestTs !== undefined && { newestTs }),
    unreadable: 0,
  };
}
