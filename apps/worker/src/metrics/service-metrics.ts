import type { Worker } from "@chimera/queue-core";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

import type { Service } from "../service.ts";
import { queueMetrics } from "./queue-metrics.ts";
import { clickhouseMetrics, deadLetterMetrics, postgresMetrics } from "./storage-metrics.ts";

/** Buckets of OpenTelemetry's messaging conventions (semantic-conventions, `messaging.process.duration`). */
const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** From a lone event to more than a full batch (`CHIMERA_CLICKHOUSE_MAX_ROWS`, 10 000 unless set): about three a decade. */
const INSERT_ROWS_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000];

/** Gauges of prom-client that are named like counters, which `promtool check metrics` refuses. The same by type remain. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** All metrics of the service, read from its parts at each scrape. */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #service: Service;
  readonly #queue = queueMetrics(this.#registry);
  readonly #postgres = postgresMetrics(this.#registry);
  readonly #clickhouse = clickhouseMetrics(this.#registry);
  readonly #deadLetters = deadLetterMetrics(this.#registry);
  readonly #up = new Gauge({
    name: "chimera_part_up",
    help: "1 where the part answered the last scrape.",
    labelNames: ["part"],
    registers: [this.#registry],
  });
  readonly #durations = new Histogram({
    name: "chimera_job_duration_seconds",
    help: "How long the handler ran for jobs that were done.",
    buckets: DURATION_BUCKETS_S,
    registers: [this.#registry],
  });

  readonly #insertRows = new Histogram({
    name: "chimera_clickhouse_insert_rows",
    help: "Rows of each insert that ClickHouse took.",
    buckets: INSERT_ROWS_BUCKETS,
    registers: [this.#registry],
  });

  constructor(service: Service) {
    this.#service = service;
    service.clickhouse.onInsert(({ rows }) => this.#insertRows.observe(rows));
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Takes the durations of a worker's jobs in. */
  watch(worker: Worker): void {
    worker.on("completed", ({ durationMs }) => this.#durations.observe(durationMs / 1_000));
  }

  /** The exposition of this moment. A part that does not answer is left out. */
  async expose(): Promise<string> {
    const { queue, postgres, clickhouse, deadLetters } = this.#service;
    const up = {
      queue: this.#queue.collect(async () => queue.metrics()),
      postgres: this.#postgres.collect(() => postgres.metrics()),
      clickhouse: this.#clickhouse.collect(() => clickhouse.metrics()),
      dead_letters: this.#deadLetters.collect(async () => deadLetters.stats()),
    };
    for (const [part, answered] of Object.entries(up)) this.#up.set({ part }, Number(await answered));
    return this.#registry.metrics();
  }
}
