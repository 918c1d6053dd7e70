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
export type { LocalBackendOptions } from "./local/local-backend-options.ts";
export { assertDequeueRequest, assertLeaseMs, assertQueueName, cutErrorText } from "./contract-checks.ts";
