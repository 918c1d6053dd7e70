import { Readable } from "node:stream";

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

/** As much of a reply as is kept to find an error in. */
const MAX_REPLY_BYTES = 4_096;

/**
 * Sends rows as they are: through `exec` with a byte stream the driver copies and parses nothing.
 *
 * @throws what the driver threw; an Error with the reply's text when it holds an exception; an error when the
 * connection ended before the reply did.
 */
export async function sendRows(endpoint: Endpoint, request: InsertRequest): Promise<void> {
  const { table, pieces, settings, signal } = request;
  const { stream } = await endpoint.client.exec({
    query: `INSERT INTO ${table} FORMAT JSONEachRow`,
    values: Readable.from(pieces, { objectMode: false }),
    clickhouse_settings: settings,
    ...(signal !== undefined && { abort_signal: signal }),
  });
  await readReply(stream);
}

/**
 * Reads a reply to its end. The driver's own drain takes a connection that is cut before the end for success,
 * and old servers report an error that comes late in a reply of status 200.
 */
async function readReply(stream: Readable): Promise<void> {
  let text = "";
  for await (const chunk of stream) {
    if (text.length < MAX_REPLY_BYTES) text += String(chunk);
  }
  if (/\bCode:\s*\d+/.test(text) && text.includes("Exception"))
    throw new Error(text.slice(0, MAX_REPLY_BYTES));
}
