import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { readClientRequest } from "./client-request.ts";
import type { EngineAnswer, Engine } from "./engine.ts";
import { EngineError } from "./engine-error.ts";
import { httpStatusOf } from "./http-status.ts";

/** The one account of the front. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** A server's default, `keep_alive_timeout`. */
const KEEP_ALIVE_MS = 10_000;

/** An HTTP server that speaks ClickHouse's HTTP interface before an engine in this process. Answers are buffered whole: no progress headers, no exceptions in mid-stream. */
export function createHttpFront(engine: Engine, account: Account, version: string): Server {
  return createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void serve(engine, account, version, request, response);
  });
}

async function serve(
  engine: Engine,
  account: Account,
  version: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://front");
  const asksAlive = pathname === "/ping" || pathname === "/replicas_status";
  if (request.method === "GET" && (asksAlive || (pathname === "/" && !searchParams.has("query")))) {
    response.end("Ok.\n");
    return;
  }
  const startedAt = performance.now();
  const queryId = searchParams.get("query_id") ?? randomUUID();
  response.setHeader("X-ClickHouse-Server-Display-Name", "chdb");
  response.setHeader("X-ClickHouse-Timezone", "UTC");
  response.setHeader("X-ClickHouse-Query-Id", queryId);
  try {
    const query = await readClientRequest(request);
    authenticate(query, account);
    const answer = await engine.run(query);
    response.setHeader("X-ClickHouse-Format", query.defaultFormat);
    response.setHeader("X-ClickHouse-Summary", summaryOf(answer, performance.now() - startedAt));
    response.setHeader("Content-Type", contentTypeOf(query.defaultFormat));
    await send(response, Buffer.from(answer.data), query.acceptsGzip);
  } catch (error) {
    const { code, message } = EngineError.from(error);
    response.statusCode = httpStatusOf(code);
    response.setHeader("X-ClickHouse-Exception-Code", code);
    response.setHeader("Content-Type", "text/plain; charset=UTF-8");
    response.end(`${message} (version ${version} (official build))\n`);
  }
}

function authenticate(given: Account, account: Account): void {
  if (given.user === account.user && given.password === account.password) return;
  throw new EngineError(
    516,
    `${given.user}: Authentication failed: password is incorrect, or there is no user with such name`,
    "AUTHENTICATION_FAILED",
  );
}

async function send(response: ServerResponse, data: Buffer, compress: boolean): Promise<void> {
  if (compress) response.setHeader("Content-Encoding", "gzip");
  response.end(compress ? await promisify(gzip)(data) : data);
}

function summaryOf(answer: EngineAnswer, elapsedMs: number): string {
  const { readRows, readBytes, writtenRows, writtenBytes } = answer;
  return JSON.stringify({
    read_rows: String(readRows),
    read_bytes: String(readBytes),
    ...(writtenRows !== undefined && { written_rows: String(writtenRows) }),
    ...(writtenBytes !== undefined && { written_bytes: String(writtenBytes) }),
    total_rows_to_read: "0",
    result_rows: String(readRows),
    result_bytes: String(readBytes),
    elapsed_ns: String(Math.round(elapsedMs * 1e6)),
  });
}

function contentTypeOf(format: string): string {
  if (/^JSON(?:Strings|Compact|CompactStrings|ColumnsWithMetadata)?$/.test(format))
    return "application/json; charset=UTF-8";
  return format.startsWith("JSON")
    ? "application/x-ndjson; charset=UTF-8"
    : "text/tab-separated-values; charset=UTF-8";
}
