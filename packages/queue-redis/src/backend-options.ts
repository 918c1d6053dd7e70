import { integerIssue, issuesOf } from "@chimera/dlq";
import { assertQueueName, QueueError } from "@chimera/queue-core";

/** How one queue is kept. */
export interface RedisBackendOptions {
  /**
   * Hash slots that the queue is spread over, 1 to 256. More than one lets a cluster share the work of one queue; order,
   * fences and `maxDepth` then hold in each partition. Fixed while the queue has jobs. @defaultValue 1
   */
  readonly partitions?: number;
  /** Bounds ready and delayed jobs together, 1 to 2^53 - 1; what is over is answered with `full`. @defaultValue no bound */
  readonly maxDepth?: number;
}

export interface ResolvedBackendOptions {
  readonly partitions: number;
  /** 0 for no bound. */
  readonly maxDepth: number;
}

/** @throws QueueError `QUEUE_INVALID` with every issue. */
export function resolveBackendOptions(name: string, options: RedisBackendOptions): ResolvedBackendOptions {
  assertQueueName(name);
  const { partitions = 1, maxDepth } = options;
  const issues = issuesOf(
    integerIssue("partitions", partitions, { min: 1, max: 256 }),
    maxDepth === undefined ? undefined : integerIssue("maxDepth", maxDepth, { min: 1 }),
  );
  if (issues.length > 0) throw new QueueError("QUEUE_INVALID", issues.join("; "), { issues });
  return Object.freeze({ partitions, maxDepth: maxDepth ?? 0 });
}
