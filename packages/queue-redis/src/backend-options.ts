import { choiceIssue, integerIssue, issuesOf } from "@chimera/dlq";
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
  /**
   * What an enqueue waits for before it says `enqueued`: nothing beyond the server's own settings; the server's disk (WAITAOF, Redis
   * 7.2); or this many replicas (WAIT, 1 to 16). An enqueue that was stored and not confirmed in `confirmTimeoutMs` answers
   * `unknown`. Such enqueues travel on a connection of their own. @defaultValue "memory"
   */
  readonly durability?: EnqueueDurability;
  /** Milliseconds to wait for the confirmation, 1 to 60_000. @defaultValue 1_000 */
  readonly confirmTimeoutMs?: number;
}

/** What an enqueue waits for. */
export type EnqueueDurability = "memory" | "fsync" | { readonly replicas: number };

export interface ResolvedBackendOptions {
  readonly partitions: number;
  /** 0 for no bound. */
  readonly maxDepth: number;
  readonly durability: EnqueueDurability;
  readonly confirmTimeoutMs: number;
}

/** @throws QueueError `QUEUE_INVALID` with every issue. */
export function resolveBackendOptions(name: string, options: RedisBackendOptions): ResolvedBackendOptions {
  assertQueueName(name);
  const { partitions = 1, maxDepth, durability = "memory", confirmTimeoutMs = 1_000 } = options;
  const issues = issuesOf(
    integerIssue("partitions", partitions, { min: 1, max: 256 }),
    maxDepth === undefined ? undefined : integerIssue("maxDepth", maxDepth, { min: 1 }),
    typeof durability === "string"
      ? choiceIssue("durability", durability, ["memory", "fsync"])
      : integerIssue("durability.replicas", durability.replicas, { min: 1, max: 16 }),
    integerIssue("confirmTimeoutMs", confirmTimeoutMs, { min: 1, max: 60_000 }),
  );
  if (issues.length > 0) throw new QueueError("QUEUE_INVALID", issues.join("; "), { issues });
  return Object.freeze({ partitions, maxDepth: maxDepth ?? 0, durability, confirmTimeoutMs });
}
