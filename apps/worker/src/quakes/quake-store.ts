import type { PostgresAdapter } from "@chimera/storage-postgres";

import type { Quake } from "./quake.ts";

export const QUAKES_TABLE = "chimera_demo_quakes";

/** Quakes in Postgres, one row an event: what an application would look single events up in. */
export class QuakeStore {
  readonly #postgres: PostgresAdapter;

  constructor(postgres: PostgresAdapter) {
    this.#postgres = postgres;
  }

  /** Makes the table when it is not there. */
  async prepare(): Promise<void> {
    await this.#postgres.query(
      `CREATE TABLE IF NOT EXISTS ${QUAKES_TABLE} (
        id text PRIMARY KEY,
        magnitude double precision,
        place text NOT NULL,
        occurred_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        kind text NOT NULL,
        longitude double precision NOT NULL,
        latitude double precision NOT NULL,
        depth_km double precision NOT NULL,
        run uuid NOT NULL
      )`,
      [],
      { idempotent: true },
    );
  }

  /**
   * Stores a quake; the event's later account wins over its earlier one. Doing it again changes nothing, so a job that
   * is delivered twice does no harm.
   *
   * @param run - the run of the demo that stores it
   */
  async upsert(quake: Quake, run: string): Promise<void> {
    const { id, magnitude, place, occurredAt, updatedAt, kind, longitude, latitude, depthKm } = quake;
    await this.#postgres.query(
      `INSERT INTO ${QUAKES_TABLE} AS stored
        (id, magnitude, place, occurred_at, updated_at, kind, longitude, latitude, depth_km, run)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      ON CONFLICT (id) DO UPDATE SET
        magnitude = excluded.magnitude, place = excluded.place, occurred_at = excluded.occurred_at,
        updated_at = excluded.updated_at, kind = excluded.kind, longitude = excluded.longitude,
        latitude = excluded.latitude, depth_km = excluded.depth_km, run = excluded.run
      WHERE excluded.updated_at >= stored.updated_at`,
      [id, magnitude, place, occurredAt, updatedAt, kind, longitude, latitude, depthKm, run],
      { idempotent: true, name: "upsert-quake" },
    );
  }

  /** Rows in all, and those that `run` stored last. */
  async count(run: string): Promise<{ readonly total: number; readonly ofRun: number }> {
    const { rows } = await this.#postgres.query<{ total: number; ofRun: number }>(
      `SELECT count(*)::int AS total, (count(*) FILTER (WHERE run = $1))::int AS "ofRun" FROM ${QUAKES_TABLE}`,
      [run],
    );
    return rows[0] ?? { total: 0, ofRun: 0 };
  }

  /** Removes the table and all that is in it. */
  async drop(): Promise<void> {
    await this.#postgres.query(`DROP TABLE IF EXISTS ${QUAKES_TABLE}`, [], { idempotent: true });
  }
}
