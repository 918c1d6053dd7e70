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
