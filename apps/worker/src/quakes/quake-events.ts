import type { BatchWriter, ClickHouseAdapter } from "@chimera/storage-clickhouse";

import type { Quake } from "./quake.ts";

/** A quake as a row of ClickHouse. */
interface QuakeRow {
  readonly id: string;
  readonly magnitude: number | null;
  readonly place: string;
  readonly occurred_at: string;
  readonly updated_at: string;
  readonly kind: string;
  readonly longitude: number;
  readonly latitude: number;
  readonly depth_km: number;
}

/** One of the strongest quakes. */
export interface StrongQuake {
  readonly magnitude: number | null;
  readonly place: string;
  /** UTC, such as `2018-02-06 15:50:43`. */
  readonly at: string;
  readonly depthKm: number;
}

/** The events of one day. */
export interface DayCount {
  /** UTC, such as `2018-02-06`. */
  readonly day: string;
  readonly events: number;
  readonly strongest: number | null;
}

export const EVENTS_TABLE = "chimera_demo_quakes";

/**
 * Quakes in ClickHouse: what questions over many events are asked of.
 *
 * The table keeps one row an event, so that a job delivered twice leaves no second one: ReplacingMergeTree by id,
 * the latest account wins. A batch that is sent again is recognised by its token before it comes to that.
 */
export class QuakeEvents {
  readonly #clickhouse: ClickHouseAdapter;
  readonly #writer: BatchWriter<QuakeRow>;

  constructor(clickhouse: ClickHouseAdapter) {
    this.#clickhouse = clickhouse;
    // A row that cannot be stored is the job's failure: the job is tried again, and its dead letter holds the whole event.
    this.#writer = clickhouse.writer<QuakeRow>(EVENTS_TABLE, { deadLetters: null });
  }

  /** Makes the table when it is not there. */
  async prepare(): Promise<void> {
    await this.#clickhouse.command(
      `CREATE TABLE IF NOT EXISTS ${EVENTS_TABLE} (
        id String,
        magnitude Nullable(Float64),
        place String,
        occurred_at DateTime64(3, 'UTC'),
        updated_at DateTime64(3, 'UTC'),
        kind LowCardinality(String),
        longitude Float64,
        latitude Float64,
        depth_km Float64
      ) ENGINE = ReplacingMergeTree(updated_at) ORDER BY id
      SETTINGS non_replicated_deduplication_window = 1000`,
    );
  }

  /** Resolves once the quake's batch is stored. @throws ClickHouseStorageError, which says whether trying again can help. */
  async write(quake: Quake, signal: AbortSignal): Promise<void> {
    const { id, magnitude, place, kind, longitude, latitude, depthKm } = quake;
    await this.#writer.write(
      {
        id,
        magnitude,
        place,
        occurred_at: dateTime(quake.occurredAt),
        updated_at: dateTime(quake.updatedAt),
        kind,
        longitude,
        latitude,
        depth_km: depthKm,
      },
      { signal },
    );
  }

  async count(): Promise<number> {
    const [row] = await this.#clickhouse.query<{ total: number }>(
      `SELECT toUInt32(count()) AS total FROM ${EVENTS_TABLE} FINAL`,
    );
    return row?.total ?? 0;
  }

  async strongest(limit: number): Promise<StrongQuake[]> {
    return this.#clickhouse.query<StrongQuake>(
      `SELECT magnitude, place, formatDateTime(occurred_at, '%F %T') AS at, depth_km AS depthKm
      FROM ${EVENTS_TABLE} FINAL ORDER BY magnitude DESC NULLS LAST, occurred_at LIMIT {limit: UInt32}`,
      { params: { limit } },
    );
  }

  async perDay(): Promise<DayCount[]> {
    return this.#clickhouse.query<DayCount>(
      `SELECT toString(toDate(occurred_at)) AS day, toUInt32(count()) AS events, max(magnitude) AS strongest
      FROM ${EVENTS_TABLE} FINAL GROUP BY day ORDER BY day`,
    );
  }

  /** Removes the table and all that is in it. */
  async drop(): Promise<void> {
    await this.#clickhouse.command(`DROP TABLE IF EXISTS ${EVENTS_TABLE}`);
  }
}

/** In the form that every ClickHouse reads, whatever its `date_time_input_format`. */
function dateTime(date: Date): string {
  return date.toISOString().replace("T", " ").replace("Z", "");
}
