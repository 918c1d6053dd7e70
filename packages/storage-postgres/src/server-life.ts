/**
 * SQL for a text that changes when the server's memory is lost: on a restart, and since PostgreSQL 15 on a crash of one
 * backend too, which discards the statistics.
 *
 * A crash forgets the numbers of transactions that had written nothing durable yet, and the server gives them out again:
 * `pg_xact_status` then tells the fate of a stranger. Seen with kill -9 under load, as one effect lost in some hundred.
 */
export const SERVER_LIFE =
  "pg_postmaster_start_time()::text || coalesce((select stats_reset::text from pg_stat_bgwriter), '')";

/** A transaction as the server can be asked about it later. */
export interface TransactionMark {
  /** The server's number of it; `null` when it had written nothing. */
  readonly xid: string | null;
  /** {@link SERVER_LIFE} when the number was given out. */
  readonly life: string;
}
