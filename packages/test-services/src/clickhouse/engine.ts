import { drainPending, Session } from "chdb";
import type { RawInsertFormat } from "chdb";

import { EngineError } from "./engine-error.ts";
import type { ClientRequest } from "./client-request.ts";
import { parseInsert } from "./insert-statement.ts";

/** What a query gave. */
export interface EngineAnswer {
  readonly data: Uint8Array;
  readonly readRows: number;
  readonly readBytes: number;
  /** Absent where the engine does not count them: an INSERT with its data inside of the SQL. */
  readonly writtenRows?: number;
  readonly writtenBytes?: number;
}

const SESSION_TIMEOUT_MS = 60_000;

interface KeptSession {
  readonly session: Session;
  busy: boolean;
  expiry: NodeJS.Timeout | undefined;
}

/** ClickHouse on one data directory in this process. Each request has a session of its own, since settings stick to a session of chDB; a named one is kept for a minute, as a server does. */
export class Engine {
  readonly #directory: string;
  readonly #kept = new Map<string, KeptSession>();
  /** Holds the data directory open between requests. */
  readonly #anchor: Session;

  constructor(directory: string) {
    this.#directory = directory;
    this.#anchor = new Session(directory);
  }

  /** @throws EngineError with ClickHouse's code. */
  async run(request: ClientRequest): Promise<EngineAnswer> {
    const { sessionId } = request;
    if (sessionId === undefined) {
      const session = new Session(this.#directory);
      try {
        return await runIn(session, request);
      } finally {
        session.close();
      }
    }
    const kept = this.#take(sessionId);
    try {
      return await runIn(kept.session, request);
    } finally {
      kept.busy = false;
      kept.expiry = setTimeout(() => this.#end(sessionId), SESSION_TIMEOUT_MS).unref();
    }
  }

  async version(): Promise<string> {
    return (await this.#anchor.queryAsync("SELECT version()", { format: "TabSeparated" })).text().trim();
  }

  async close(): Promise<void> {
    for (const id of this.#kept.keys()) this.#end(id);
    this.#anchor.close();
    await drainPending();
  }

  #take(id: string): KeptSession {
    const kept = this.#kept.get(id) ?? {
      session: new Session(this.#directory),
      busy: false,
      expiry: undefined,
    };
    if (kept.busy)
      throw new EngineError(373, `Session ${id} is locked by a concurrent client`, "SESSION_IS_LOCKED");
    clearTimeout(kept.expiry);
    kept.busy = true;
    this.#kept.set(id, kept);
    return kept;
  }

  #end(id: string): void {
    const kept = this.#kept.get(id);
    clearTimeout(kept?.expiry);
    kept?.session.close();
    this.#kept.delete(id);
  }
}

async function runIn(session: Session, request: ClientRequest): Promise<EngineAnswer> {
  try {
    if (request.database !== undefined) await session.queryAsync(`USE ${quoted(request.database, "`")}`);
    const insert = request.body.length > 0 ? parseInsert(request.query) : undefined;
    const assignments = [
      ...[...request.settings].map(([name, value]) => `${name} = ${quoted(value, "'")}`),
      ...[...request.parameters].map(([name, value]) => `param_${name} = ${quoted(value, "'")}`),
      ...(insert?.settings === undefined ? [] : [insert.settings]),
    ];
    if (assignments.length > 0) await session.queryAsync(`SET ${assignments.join(", ")}`);
    if (insert !== undefined) {
      const { table, columns, format } = insert;
      const summary = await session.insert({
        table,
        format: format as RawInsertFormat,
        values: request.body,
        ...(columns !== undefined && { columns }),
      });
      const { rowsWritten, bytesWritten } = summary;
      return {
        data: new Uint8Array(),
        readRows: 0,
        readBytes: 0,
        writtenRows: rowsWritten,
        writtenBytes: bytesWritten,
      };
    }
    const sql = [request.query, request.body.toString("utf8")].filter((part) => part !== "").join("\n");
    const result = await session.queryAsync(sql, { format: request.defaultFormat });
    return { data: result.bytes(), readRows: result.rowsRead, readBytes: result.bytesRead };
  } catch (error) {
    throw EngineError.from(error);
  }
}

function quoted(text: string, quote: "'" | "`"): string {
  return quote + text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`) + quote;
}
