import type { DeadLetterStats } from "@chimera/dlq";
import type { ClickHouseMetrics } from "@chimera/storage-clickhouse";
import type { PostgresMetrics } from "@chimera/storage-postgres";
import type { Registry } from "prom-client";

import { byLabel, only, PartMetrics } from "./part-metrics.ts";

/** What Prometheus sees of Postgres: the pool by state, waits, and retries by class. */
export function postgresMetrics(registry: Registry): PartMetrics<PostgresMetrics> {
  return new PartMetrics<PostgresMetrics>(registry)
    .gauge(
      { name: "chimera_postgres_pool_connections", help: "Connections by state.", labelNames: ["state"] },
      ({ pool: { inUse, idle, connecting } }) =>
        byLabel("state", { in_use: inUse - connecting, idle, connecting }),
    )
    .gauge({ name: "chimera_postgres_pool_waiting", help: "Calls that wait for a connection." }, ({ pool }) =>
      only(pool.waiting),
    )
    .counter(
      { name: "chimera_postgres_pool_waits_total", help: "Calls that had to wait for a connection." },
      ({ pool }) => only(pool.waits.count),
    )
    .counter(
      { name: "chimera_postgres_pool_wait_seconds_total", help: "Time spent waiting for a connection." },
      ({ pool }) => only(pool.waits.totalMs / 1_000),
    )
    .counter(
      { name: "chimera_postgres_pool_timeouts_total", help: "Calls that waited in vain." },
      ({ pool }) => only(pool.waits.timeouts),
    )
    .counter(
      { name: "chimera_postgres_connections_created_total", help: "Connections that were made." },
      ({ pool }) => only(pool.created),
    )
    .counter(
      { name: "chimera_postgres_connect_failures_total", help: "Connections that could not be made." },
      ({ pool }) => only(pool.connectFailures),
    )
    .counter(
      {
        name: "chimera_postgres_connections_discarded_total",
        help: "Connections given up, by reason.",
        labelNames: ["reason"],
      },
      ({ pool }) => byLabel("reason", pool.discarded),
    )
    .counter(
      {
        name: "chimera_postgres_retries_total",
        help: "Calls tried again, by class of failure.",
        labelNames: ["class"],
      },
      ({ retries }) => byLabel("class", retries),
    );
}

/** What Prometheus sees of ClickHouse: rows by outcome, inserts, and what is held in memory. */
export function clickhouseMetrics(registry: Registry): PartMetrics<ClickHouseMetrics> {
  return new PartMetrics<ClickHouseMetrics>(registry)
    .counter(
      { name: "chimera_clickhouse_rows_total", help: "Rows by outcome.", labelNames: ["outcome"] },
      ({ rowsStored, rowsDeadLettered }) =>
        byLabel("outcome", { stored: rowsStored, dead_lettered: rowsDeadLettered }),
    )
    .counter(
      { name: "chimera_clickhouse_inserts_total", help: "Inserts that the server took." },
      ({ insertsStored }) => only(insertsStored),
    )
    .counter(
      {
        name: "chimera_clickhouse_insert_failures_total",
        help: "Inserts that failed, by class.",
        labelNames: ["class"],
      },
      ({ insertsFailed }) => byLabel("class", insertsFailed),
    )
    .gauge(
      { name: "chimera_clickhouse_buffered_rows", help: "Rows in memory, in flight ones included." },
      ({ bufferedRows }) => only(bufferedRows),
    )
    .gauge({ name: "chimera_clickhouse_buffered_bytes", help: "Bytes of these rows." }, ({ bufferedBytes }) =>
      only(bufferedBytes),
    )
    .gauge(
      { name: "chimera_clickhouse_waiting_writes", help: "Writes that wait for room." },
      ({ waitingWrites }) => only(waitingWrites),
    )
    .gauge(
      { name: "chimera_clickhouse_inserts_in_flight", help: "Inserts under way." },
      ({ insertsInFlight }) => only(insertsInFlight),
    );
}

/** What Prometheus sees of the dead letters that nobody has dealt with. */
export function deadLetterMetrics(registry: Registry): PartMetrics<DeadLetterStats> {
  return new PartMetrics<DeadLetterStats>(registry)
    .gauge(
      { name: "chimera_dead_letters", help: "Dead letters by reason.", labelNames: ["reason"] },
      ({ byReason }) => byLabel("reason", byReason),
    )
    .gauge({ name: "chimera_dead_letters_bytes", help: "Bytes that they take." }, ({ bytes }) => only(bytes))
    .gauge(
      { name: "chimera_dead_letters_oldest_age_seconds", help: "Age of the oldest; 0 when there is none." },
      ({ oldestTs }) =>
        only(oldestTs === undefined ? 0 : Math.max(0, (Date.now() - Date.parse(oldestTs)) / 1_000)),
    );
}
