import type { Clock } from "@chimera/dlq";
import pg from "pg";
import type { ResolvedOptions } from "./options.ts";

/** Milliseconds that the second connection has to reach the server. */
const CANCEL_TIMEOUT_MS = 1_000;

/** Asks the server to cancel what a driver's client is running. Returns at once; whether it worked shows in the statement. */
export type CancelRequest = (running: pg.Client) => void;

/** What the driver's classes have beyond their types (pg 8.23, client.js and connection.js). */
interface Backend {
  readonly processID: number | null;
  readonly secretKey: number | null;
}
interface CancellingConnection {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
  on(event: "connect" | "sslconnect" | "end" | "error", listener: () => void): void;
  readonly stream: { destroy(): void };
}

/**
 * Cancels over a connection of its own (PostgreSQL documentation, 55.2.9 "Canceling Requests in Progress"): unlike
 * `pg_cancel_backend` it needs no free client, and PgBouncer passes it on.
 */
export function cancelRequests(options: ResolvedOptions, clock: Clock): CancelRequest {
  const { host, port, tls } = options;
  return (running) => {
    const { processID, secretKey } = running as unknown as Backend;
    if (processID === null || secretKey === null) return;
    const config = { ssl: tls } as pg.ConnectionConfig;
    const connection = new pg.Connection(config) as unknown as CancellingConnection;
    const timer = clock.schedule(() => connection.stream.destroy(), CANCEL_TIMEOUT_MS, true);
    const send = (): void => connection.cancel(processID, secretKey);
    connection.on("connect", () => (tls === false ? send() : connection.requestSsl()));
    connection.on("sslconnect", send);
    connection.on("end", () => timer.cancel());
    // A request that cannot be sent changes nothing: the grace period ends the statement.
    connection.on("error", () => connection.stream.destroy());
    if (host.startsWith("/")) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(port, host);
  };
}
