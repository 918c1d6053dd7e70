import { PostgresError } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";
import type { PoolMetrics } from "./pool-metrics.ts";

/** Tells those who waited in vain whether the pool was busy or the server let nobody in. */
export function waitedInVain(
  { poolSize, maxOverflow }: ResolvedOptions,
  { inUse, waiting, connecting }: PoolMetrics,
  waitMs: number,
): PostgresError {
  const within = `within ${Math.max(0, Math.round(waitMs))} ms`;
  if (connecting === inUse) {
    const message = `The server let nobody in ${within}: ${connecting} connections are under way`;
    return new PostgresError("POSTGRES_UNAVAILABLE", message, { retryable: true });
  }
  return new PostgresError(
    "POOL_TIMEOUT",
    `No client came free ${within}: ${inUse} in use (poolSize ${poolSize}, maxOverflow ${maxOverflow}), ${waiting} calls waiting`,
    { retryable: true, pool: { poolSize, maxOverflow, inUse, waiting } },
  );
}

export function closedError(): PostgresError {
  return new PostgresError("POSTGRES_CLOSED", "The Postgres adapter was closed");
}
