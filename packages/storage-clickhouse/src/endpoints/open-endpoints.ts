import type { ResolvedOptions } from "../adapter-options.ts";
import type { ServerAddress } from "../credentials.ts";
import type { Driver } from "../driver.ts";

import { Breaker } from "./breaker.ts";
import { Endpoint } from "./endpoint.ts";

/** First rest of a server that stopped answering. */
const FIRST_REST_MS = 500;

/** One endpoint a server, or the one engine in the process. Makes clients; connects nowhere. */
export function openEndpoints(driver: Driver, options: ResolvedOptions): Endpoint[] {
  const shared = {
    request_timeout: options.requestTimeoutMs,
    max_open_connections: options.maxOpenConnections,
    compression: { request: options.compress, response: false },
    clickhouse_settings: options.settings,
    application: "chimera",
    // What it would log is thrown as well, and read and redacted there.
    log: { level: driver.ClickHouseLogLevel.OFF },
  } as const;
  const breaker = (): Breaker =>
    new Breaker({
      failures: options.breakerFailures,
      openMs: FIRST_REST_MS,
      maxOpenMs: options.breakerMaxOpenMs,
      clock: options.clock,
    });
  const { connection } = options;
  if (connection !== undefined) {
    type DriverConnection = NonNullable<NonNullable<Parameters<Driver["createClient"]>[0]>["connection"]>;
    const client = driver.createClient({ ...shared, connection: connection as DriverConnection });
    return [new Endpoint({ label: "embedded", client, breaker: breaker(), embedded: true })];
  }
  return options.servers.map((server) => {
    const client = driver.createClient({ ...shared, ...identity(server) });
    return new Endpoint({ label: server.label, client, breaker: breaker(), embedded: false });
  });
}

/** The URL goes without credentials: the driver's errors about a URL show all of it. */
function identity({ origin, pathname, username, password, database }: ServerAddress): {
  url: string;
  pathname?: string;
  username?: string;
  password?: string;
  database?: string;
} {
  return {
    url: origin,
    ...(pathname !== "" && { pathname }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
  };
}
