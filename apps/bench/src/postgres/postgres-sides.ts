import { PostgresAdapter, type PostgresAdapterOptions } from "@chimera/storage-postgres";
import { startPostgres } from "@chimera/test-services";
import pg from "pg";
import type { Sides } from "../scenario.ts";

/** Clients that both sides have. */
export const POOL_SIZE = 10;

/** Both sides on one server. */
export interface PostgresFixture {
  readonly url: string;
  readonly adapter: PostgresAdapter;
  readonly pool: pg.Pool;
}

/** Starts a server, runs `prepare` on it, and lets each side run on its own pool of {@link POOL_SIZE} clients. */
export async function postgresSides(
  prepare: string,
  runs: {
    readonly ours: (fixture: PostgresFixture) => Promise<number>;
    readonly reference: (fixture: PostgresFixture) => Promise<number>;
  },
  options: PostgresAdapterOptions = {},
): Promise<Sides> {
  const server = await startPostgres();
  const adapter = new PostgresAdapter({ url: server.url, poolSize: POOL_SIZE, maxOverflow: 0, ...options });
  const pool = new pg.Pool({ connectionString: server.url, max: POOL_SIZE });
  pool.on("error", () => {});
  await adapter.query(prepare);
  const fixture = { url: server.url, adapter, pool };
  return {
    ours: async () => runs.ours(fixture),
    reference: async () => runs.reference(fixture),
    close: async () => {
      await adapter.close();
      await pool.end();
      await server.stop();
    },
  };
}

/** Makes `n` calls with `inFlight` of them under way at any time. */
export async function inFlight(
  n: number,
  count: number,
  call: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < n) await call(next++);
  };
  await Promise.all(Array.from({ length: count }, caller));
}
