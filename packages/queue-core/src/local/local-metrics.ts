import type { Durability, QueueMetrics } from "../protocol.ts";
import type { JobStore } from "./job-store.ts";

/** The figures of a store. O(log n), amortised over the jobs that have become due since the last call. */
export function metricsOf(store: JobStore, nowMs: number, durability: Durability): QueueMetrics {
  const oldestSince = store.ready.oldestSince();
  return {
    depth: store.ready.size,
    due: store.delayed.countDue(nowMs) + store.leases.countExpired(nowMs),
    delayed: store.delayed.size,
    inFlight: store.leases.size,
    oldestReadyMs: oldestSince === undefined ? 0 : Math.max(0, Math.round(nowMs - oldestSince)),
    ...store.counters,
    latency: store.latency.figures(nowMs),
    durability,
    paused: store.paused,
  };
}
