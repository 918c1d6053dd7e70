/** Every key of a partition, by the name that scripts know it under. */
const SUFFIXES = {
  /** HASH: layout version, counters, fence, newest time seen, number of partitions, pause, and before which moment nothing is due. */
  meta: "meta",
  /**
   * HASHes: job id -> the job as it was enqueued, and where it is and what has happened to it. Plain jobs have neither until they are retried,
   * released or reclaimed: they travel whole.
   */
  jobs: "jobs",
  state: "state",
  /** LISTs: ready jobs, whole or by id. The depth is the sum of their `LLEN`, less the tombstones of cancelled ones. */
  high: "ready:high",
  normal: "ready",
  low: "ready:low",
  /** ZSET: due time -> sequence number, so that equal due times keep the order of enqueueing; letter of the priority; job id. */
  delayed: "delayed",
  /** ZSET: end of the lease -> batch of jobs that one call handed out, or batch, tilde and place where one was extended alone. */
  leases: "leases",
  /** HASH: batch -> its jobs, in order; batch and `f` -> of each of them a letter, or a dash where it is in flight no more. */
  batches: "batches",
  /** HASH: letter of the priority and job id -> how many entries of the ready list are to be passed over. */
  tombs: "tombs",
  /** HASH and ZSET: dedup key -> job id, and when a key with a life of its own ends. */
  dedup: "dedup",
  dedupDue: "dedup:due",
  /** HASH and ZSET: the last enqueue replies of each producer, and when it was last heard of. */
  replies: "replies",
  producers: "producers",
  /** LIST: how long the handlers of recent jobs took, newest first. */
  latency: "latency",
  /** LIST: wake-ups for consumers that wait. */
  wake: "wake",
} as const;

export type KeyName = keyof typeof SUFFIXES;

/** The keys of one partition of one queue, all under one hash tag and so in one slot of a cluster. */
export type PartitionKeys = Readonly<Record<KeyName, string>>;

/** What stands before every key unless an option says otherwise. */
export const DEFAULT_PREFIX = "chimera";
/** No braces: they would move the hash tag. */
export const PREFIX_PATTERN: RegExp = /^[A-Za-z0-9._:-]{1,100}$/;

/** `<prefix>:{<queue>:<partition>}:` and the key's own name. */
export function partitionKeys(prefix: string, queue: string, partition: number): PartitionKeys {
  const tag = `${prefix}:{${queue}:${partition}}:`;
  const keys = Object.entries(SUFFIXES).map(([name, suffix]) => [name, tag + suffix]);
  return Object.freeze(Object.fromEntries(keys) as Record<KeyName, string>);
}

/** A consumer's own wake-up list, in the slot of its partition. */
export function consumerWakeKey(keys: PartitionKeys, consumer: string): string {
  return `${keys.wake}:${consumer}`;
}
