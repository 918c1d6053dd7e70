import type { Clock } from "@chimera/dlq";
import { addAbortSignal, Readable } from "node:stream";

import type { ClickHouseSettings } from "../adapter-options.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";

/** One insert on its way to one server. */
export interface InsertRequest {
  /** Quoted. */
  readonly table: string;
  /** Rows as `JSONEachRow`, a line each. */
  readonly pieces: readonly Buffer[];
  /** The token among them. */
  readonly settings: ClickHouseSettings;
  readonly signal?: AbortSignal | undefined;
}

/** How long a reply may take once it has begun. */
interface Patience {
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

/** As much of a reply as is kept to find an error in. */
const MAX_REPLY_BYTES = 4_096;

/**
 * Sends rows as they are: through `exec` with a byte stream the driver copies and parses nothing.
 *
 * @throws what the driver threw; an Error with the reply's text when it holds an exception; an error when the
 * connection ended before the reply did.
 */
export async function sendRows(
  endpoint: Endpoint,
  request: InsertRequest,
  patience: Patience,
): Promise<void> {
  const { table, pieces, settings, signal } = request;
  const { stream } = await endpoint.client.exec({
    query: `INSERT INTO ${table} FORMAT JSONEachRow`,
    values: Readable.from(pieces, { objectMode: false }),
    clickhouse_settings: settings,
    ...(signal !== undefined && { abort_signal: signal }),
  });
  if (signal !== undefined) addAbortSignal(signal, stream);
  await readReply(stream, patience);
}

/**
 * Reads a reply to its end. The driver's own drain takes a connection that is cut before the end for success,
 * its time-out and signal end with the reply's head, and an error that comes late is in a reply of status 200.
 */
async function readReply(stream: Readable, { clock, requestTimeoutMs }: Patience): Promise<void> {
  const late = clock.schedule(() => stream.destroy(new Error("Timeout error.")), requestTimeoutMs);
  let text = "";
  try {
    for await (const chunk of stream) {
      if (text.length < MAX_REPLY_BYTES) text += String(chunk);
    }
  } finally {
    late.cancel();
  }
  if (/\bCode:\s*\d+/.test(text) && text.includes("Exception"))
    throw new Error(text.slice(0, MAX_REPLY_BYTES));
}
