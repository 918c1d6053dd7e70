import type { QueueMetrics } from "@chimera/queue-core";
import type { Registry } from "prom-client";

import { only, PartMetrics } from "./part-metrics.ts";

/** What Prometheus sees of the queue; autoscaling looks at depth and due together. */
export function queueMetrics(registry: Registry): PartMetrics<QueueMetrics> {
  return new PartMetrics<QueueMetrics>(registry)
    .gauge({ name: "chimera_queue_depth", help: "Jobs ready to be delivered now." }, ({ depth }) =>
      only(depth),
    )
    .gauge(
      { name: "chimera_queue_due", help: "Delayed jobs and expired leases whose time has come." },
      ({ due }) => only(due),
    )
    .gauge({ name: "chimera_queue_delayed", help: "Jobs that wait for their time." }, ({ delayed }) =>
      only(delayed),
    )
    .gauge({ name: "chimera_queue_in_flight", help: "Jobs under a lease." }, ({ inFlight }) => only(inFlight))
    .gauge(
      { name: "chimera_queue_oldest_ready_seconds", help: "How long the oldest ready job has waited." },
      ({ oldestReadyMs }) => only(oldestReadyMs / 1_000),
    )
    .gauge({ name: "chimera_queue_paused", help: "1 while nothing is handed out." }, ({ paused }) =>
      only(Number(paused)),
    )
    .counter({ name: "chimera_queue_enqueued_total", help: "Jobs that were taken." }, ({ enqueued }) =>
      only(enqueued),
    )
    .counter({ name: "chimera_queue_processed_total", help: "Jobs that were done." }, ({ processed }) =>
      only(processed),
    )
    .counter({ name: "chimera_queue_failed_total", help: "Attempts that failed." }, ({ failed }) =>
      only(failed),
    )
    .counter({ name: "chimera_queue_retried_total", help: "Jobs put back for another try." }, ({ retried }) =>
      only(retried),
    )
    .counter(
      { name: "chimera_queue_dead_lettered_total", help: "Jobs that were given up." },
      ({ deadLettered }) => only(deadLettered),
    )
    .counter({ name: "chimera_queue_reclaimed_total", help: "Leases that ran out." }, ({ reclaimed }) =>
      only(reclaimed),
    );
}
