import type { LatencyWindow, QueueMetrics } from "@chimera/queue-core";

/** Newest samples that percentiles are drawn from. */
const MAX_SAMPLES = 1_024;
/** Samples older than this no longer count, in milliseconds. */
const WINDOW_MS = 60_000;

export type MetricsReply = readonly [
  now: string,
  depth: number,
  due: number,
  delayed: number,
  inFlight: number,
  oldestSince: string,
  paused: number,
  enqueued: string,
  processed: string,
  failed: string,
  retried: string,
  deadLettered: string,
  reclaimed: string,
  cancelled: string,
  expired: string,
  clockSteps: string,
  samples: string[],
];

/** One handler's duration and when its job was settled, on the server's clock. */
interface Sample {
  readonly at: number;
  readonly durationMs: number;
}

/** The figures of one partition, its latency still as samples. */
export interface PartitionMetrics extends Omit<QueueMetrics, "latency" | "durability"> {
  readonly samples: readonly Sample[];
  /** Times the server's clock stepped back by more than 5 s. */
  readonly clockSteps: number;
}

export function readMetrics(reply: MetricsReply): PartitionMetrics {
  const now = Number(reply[0]);
  const oldestSince = reply[5];
  return {
    depth: reply[1],
    due: reply[2],
    delayed: reply[3],
    inFlight: reply[4],
    oldestReadyMs: oldestSince === "-" ? 0 : Math.max(0, now - Number(oldestSince)),
    paused: reply[6] === 1,
    enqueued: Number(reply[7]),
    processed: Number(reply[8]),
    failed: Number(reply[9]),
    retried: Number(reply[10]),
    deadLettered: Number(reply[11]),
    reclaimed: Number(reply[12]),
    cancelled: Number(reply[13]),
    expired: Number(reply[14]),
    clockSteps: Number(reply[15]),
    samples: readSamples(reply[16], now),
  };
}

/** The figures of a queue from those of its partitions. */
export function joinMetrics(parts: readonly PartitionMetrics[]): QueueMetrics {
  const sum = (pick: (part: PartitionMetrics) => number): number =>
    parts.reduce((total, part) => total + pick(part), 0);
  return {
    depth: sum((part) => part.depth),
    due: sum((part) => part.due),
    delayed: sum((part) => part.delayed),
    inFlight: sum((part) => part.inFlight),
    oldestReadyMs: Math.max(0, ...parts.map((part) => part.oldestReadyMs)),
    enqueued: sum((part) => part.enqueued),
    processed: sum((part) => part.processed),
    failed: sum((part) => part.failed),
    retried: sum((part) => part.retried),
    deadLettered: sum((part) => part.deadLettered),
    reclaimed: sum((part) => part.reclaimed),
    cancelled: sum((part) => part.cancelled),
    expired: sum((part) => part.expired),
    latency: latencyOf(parts.flatMap((part) => part.samples)),
    durability: "server",
    paused: parts.some((part) => part.paused),
  };
}

/** Samples of each call, the newest call first: `<ms since the epoch> <duration> <duration> …`. */
function readSamples(calls: readonly string[], now: number): Sample[] {
  const samples: Sample[] = [];
  for (const call of calls) {
    const [at = 0, ...durations] = call.split(" ").map(Number);
    if (at <= now - WINDOW_MS || samples.length >= MAX_SAMPLES) break;
    for (const durationMs of durations) samples.push({ at, durationMs });
  }
  return samples;
}

function latencyOf(samples: readonly Sample[]): LatencyWindow {
  const newest = samples.toSorted((one, other) => other.at - one.at).slice(0, MAX_SAMPLES);
  const sorted = Float64Array.from(newest, ({ durationMs }) => durationMs).toSorted();
  // Nearest rank: the smallest sample that is not below that share of all.
  const percentile = (share: number): number =>
    sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return {
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
    count: sorted.length,
    windowMs: WINDOW_MS,
  };
}
