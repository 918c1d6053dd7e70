export { MAX_BATCH } from "./protocol.ts";
export type {
  BrowsePage,
  BrowseRequest,
  Delivery,
  DeliveryError,
  DequeueRequest,
  Durability,
  EnqueueResult,
  Job,
  JobState,
  JobView,
  LatencyWindow,
  NewJob,
  Priority,
  QueueAdmin,
  QueueBackend,
  QueueMetrics,
  Receipt,
  SettleAndDequeueReply,
  Settlement,
  SettleResult,
} from "./protocol.ts";
export { QueueError } from "./errors.ts";
export type { QueueErrorCode } from "./errors.ts";
export { LocalBackend } from "./local/local-backend.ts";
export type { LocalDequeueRequest } from "./local/local-backend.ts";
export type { LocalBackendOptions } from "./local/local-backend-options.ts";
export type { JournalOptions } from "./local/journal/journal-options.ts";
export {
  assertDequeueRequest,
  assertLeaseMs,
  assertQueueName,
  assertSettlements,
  cutErrorText,
} from "./contract-checks.ts";
export { jsonCodec } from "./codec.ts";
export type { Codec } from "./codec.ts";
export { Queue } from "./queue.ts";
export type { DequeueOptions } from "./queue.ts";
export type { EnqueueOptions, QueueOptions } from "./queue-options.ts";
export type { Pressure, PressureOptions } from "./pressure.ts";
export type { EnqueueManyResult } from "./enqueue-outcome.ts";
export type { ReceivedJob } from "./received-job.ts";
export { RetryAfter, Unrecoverable } from "./job-signals.ts";
export type { JobSignalCode } from "./job-signals.ts";
export { LocalQueue } from "./local/local-queue.ts";
export type { LocalBatchWorkerOptions, LocalQueueOptions, LocalWorkerOptions } from "./local/local-queue.ts";
export { JobAborted } from "./worker/abort-reasons.ts";
export type { JobAbortCode } from "./worker/abort-reasons.ts";
export type { JobContext } from "./worker/active-job.ts";
export type { BatchHandler, BatchResults } from "./worker/batch-executor.ts";
export type { JobHandler } from "./worker/executor.ts";
export type { Worker, WorkerStatus } from "./worker/worker.ts";
export type { WorkerEventName, WorkerEvents, WorkerListener } from "./worker/worker-events.ts";
export type {
  BatchWorkerOptions,
  RateLimitOptions,
  RetryOptions,
  WorkerOptions,
} from "./worker/worker-options.ts";
export { localCandidate } from "./local/local-candidate.ts";
export { openQueue } from "./open-queue.ts";
export type { OpenableQueue, OpenedQueue, OpenQueueOptions, QueueCandidate } from "./open-queue.ts";
export type { DrainReport } from "./drain-queue.ts";
export { defineJobs, jobType, JobQueue } from "./define-jobs.ts";
export type {
  DefinedJobs,
  JobDefinitions,
  JobHandlers,
  TaggedIn,
  TaggedOut,
  TaggedQueue,
} from "./define-jobs.ts";
