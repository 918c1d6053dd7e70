/** What the stores themselves counted over one run of the demo. */
export interface Tally {
  /** Jobs that the queue took, by its own metrics. */
  readonly enqueued: number;
  /** Rows in Postgres that the first pass stored. */
  readonly stored: number;
  /** Dead letters in the store after the first pass. */
  readonly deadLettered: number;
  /** Dead letters that the store has as replayed. */
  readonly replayed: number;
  /** Rows in Postgres at the end. */
  readonly postgres: number;
  /** Rows in ClickHouse at the end, `FINAL`. */
  readonly clickhouse: number;
}

/** The demo's last line, for machines. */
export function tallyLine({ enqueued, stored, deadLettered, replayed, postgres, clickhouse }: Tally): string {
  return `demo: enqueued=${enqueued} stored=${stored} dead_lettered=${deadLettered} replayed=${replayed} postgres=${postgres} clickhouse=${clickhouse}`;
}
