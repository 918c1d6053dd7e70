export { ClickHouseAdapter } from "./clickhouse-adapter.ts";
export type { InsertOptions } from "./clickhouse-adapter.ts";
export type { ClickHouseOptions, ClickHouseSettings, EmbeddedConnection } from "./adapter-options.ts";

export { BatchWriter } from "./writer/batch-writer.ts";
export type { WriteOptions } from "./writer/batch-writer.ts";
export type { BatchWriterOptions } from "./writer/writer-options.ts";
export type { WriteResult, WriteSummary } from "./writer/tickets.ts";

export type { StatementOptions } from "./statements.ts";
export type { ClickHouseHealth, ServerHealth } from "./health.ts";
export type { Alarm } from "./alarms.ts";
export type { BufferGauges, ClickHouseMetrics, StoredInsert } from "./metrics.ts";
export type { LatencySummary } from "./latency-window.ts";
export type { BreakerState } from "./endpoints/breaker.ts";
export type { FailureClass } from "./failure-classes.ts";

export { ClickHouseStorageError } from "./errors.ts";
export type { ClickHouseStorageErrorCode, ClickHouseStorageErrorDetails } from "./errors.ts";
