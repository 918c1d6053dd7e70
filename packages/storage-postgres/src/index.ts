export { PostgresAdapter } from "./postgres-adapter.ts";
export type { PostgresMetrics } from "./postgres-adapter.ts";
export type { PoolOptions, PostgresAdapterOptions, RetryOptions } from "./options.ts";
export type { PasswordSource } from "./credentials.ts";
export type { CallOptions, QueryOptions, QueryResult, QueryRunner, StreamOptions } from "./query.ts";
export type { Isolation, Transaction, TransactionOptions } from "./transaction.ts";
export type { BulkInsertOptions, BulkInsertResult, BulkStrategy } from "./bulk/bulk-insert.ts";
export type { BulkRow, TableName } from "./bulk/columns.ts";
export type { OnConflict } from "./bulk/insert-statement.ts";
export { quoteIdentifier, sql } from "./sql.ts";
export type { Sql, SqlStatement } from "./sql.ts";
export { PostgresDeadLetterStore } from "./dead-letters/postgres-dead-letter-store.ts";
export type { PostgresDeadLetterStoreOptions } from "./dead-letters/postgres-dead-letter-store.ts";
export type { SharedReplayOptions } from "./dead-letters/shared-replay.ts";
export { DEAD_LETTER_TABLE, deadLetterTableSql } from "./dead-letters/table.sql.ts";
export type { PostgresHealth } from "./health.ts";
export type { DiscardReason, PoolMetrics } from "./pool-metrics.ts";
export type { RetryCounts } from "./retry.ts";
export type { FailureClass } from "./sqlstate.ts";
export { isOutcomeUnknownError, isPoolTimeoutError, PostgresError } from "./errors.ts";
export type {
  OutcomeUnknownError,
  PoolState,
  PoolTimeoutError,
  PostgresErrorCode,
  PostgresErrorDetails,
  ServerReport,
} from "./errors.ts";
