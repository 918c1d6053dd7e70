import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";

import { EngineError } from "./engine-error.ts";

/** A query as it came over ClickHouse's HTTP interface, with nothing of HTTP left in it. */
export interface ClientRequest {
  readonly user: string;
  readonly password: string;
  readonly query: string;
  /** What followed the query that stood in the URL: the data of an INSERT, or the query itself. */
  readonly body: Buffer;
  readonly queryId: string | undefined;
  readonly sessionId: string | undefined;
  readonly database: string | undefined;
  readonly defaultFormat: string;
  readonly settings: ReadonlyMap<string, string>;
  /** In the escaped form of the TabSeparated format, as the interface has them. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly acceptsGzip: boolean;
}

/** Parameters of the URL that are not settings of the query. */
const OF_THE_INTERFACE: ReadonlySet<string> = new Set([
  "buffer_size",
  "client_protocol_version",
  "close_session",
  "compress",
  "database",
  "decompress",
  "default_format",
  "enable_http_compression",
  "password",
  "query",
  "query_id",
  "quota_key",
  "role",
  "session_check",
  "session_id",
  "session_timeout",
  "stacktrace",
  "user",
  "wait_end_of_query",
]);

/**
 * Reads the whole request.
 *
 * @throws EngineError 117 when the body is not what its `Content-Encoding` says.
 */
export async function readClientRequest(request: IncomingMessage): Promise<ClientRequest> {
  const { searchParams } = new URL(request.url ?? "/", "http://front");
  const body = await readBody(request);
  const header = (name: string): string | undefined => request.headers[name]?.toString();
  const basic = basicCredentials(header("authorization"));
  const named = (prefix: string): Map<string, string> =>
    new Map(
      [...searchParams]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => [name.slice(prefix.length), value]),
    );
  return {
    user: header("x-clickhouse-user") ?? searchParams.get("user") ?? basic?.user ?? "default",
    password: header("x-clickhouse-key") ?? searchParams.get("password") ?? basic?.password ?? "",
    query: searchParams.get("query") ?? "",
    body,
    queryId: searchParams.get("query_id") ?? undefined,
    sessionId: searchParams.get("session_id") ?? undefined,
    database: searchParams.get("database") ?? header("x-clickhouse-database"),
    defaultFormat: searchParams.get("default_format") ?? header("x-clickhouse-format") ?? "TabSeparated",
    settings: new Map(
      [...searchParams].filter(([name]) => !OF_THE_INTERFACE.has(name) && !name.startsWith("param_")),
    ),
    parameters: named("param_"),
    acceptsGzip:
      searchParams.get("enable_http_compression") === "1" && /\bgzip\b/.test(header("accept-encoding") ?? ""),
  };
}

const DECODERS: Readonly<Record<string, (input: Buffer) => Promise<Buffer>>> = {
  br: promisify(brotliDecompress),
  deflate: promisify(inflate),
  gzip: promisify(gunzip),
};

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const raw = await buffer(request);
  const encoding = request.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return raw;
  const decode = DECODERS[encoding];
  if (decode === undefined)
    throw new EngineError(48, `Unknown compression method: ${encoding}`, "NOT_IMPLEMENTED");
  try {
    return await decode(raw);
  } catch {
    throw new EngineError(117, `The request's body is not ${encoding}`, "INCORRECT_DATA");
  }
}

function basicCredentials(header = ""): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const [, user = "", password = ""] =
    /^([^:]*):?(.*)$/s.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  return { user, password };
}
