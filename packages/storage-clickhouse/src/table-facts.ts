import type { Endpoint } from "./endpoints/endpoint.ts";
import type { TableName } from "./table-name.ts";

/** What the server says of a table. */
export interface TableFacts {
  readonly engine: string;
  /** Batches whose tokens the table remembers; 0: a repeated batch is stored again. */
  readonly deduplicationWindow: number;
  /** Its replicas share one memory of tokens, so that a batch may be repeated on another. */
  readonly replicated: boolean;
}

const WINDOW = "non_replicated_deduplication_window";

/** Asks for a table's engine and deduplication window; `undefined` when there is no such table. */
export async function readTableFacts(endpoint: Endpoint, table: TableName): Promise<TableFacts | undefined> {
  const database = table.database === undefined ? "currentDatabase()" : literal(table.database);
  // No query parameters: servers before 19 refuse them (115).
  const [row] = await rows<{ engine: string; engine_full: string }>(
    endpoint,
    `SELECT engine, engine_full FROM system.tables WHERE database = ${database} AND name = ${literal(table.table)}`,
  );
  if (row === undefined) return undefined;
  const { engine, engine_full: definition } = row;
  if (/^(?:Replicated|Shared)/.test(engine)) {
    return { engine, replicated: true, deduplicationWindow: Number.POSITIVE_INFINITY };
  }
  const own = new RegExp(`${WINDOW} = (\\d+)`).exec(definition)?.[1];
  const deduplicationWindow = Number(own ?? (await defaultWindow(endpoint)));
  return { engine, replicated: false, deduplicationWindow };
}

/** What is missing for a repeated batch to be recognised, in a sentence that says the cure; `undefined` when nothing is. */
export function deduplicationWarning(table: TableName, facts: TableFacts): string | undefined {
  if (facts.deduplicationWindow > 0 || !facts.engine.endsWith("MergeTree")) return undefined;
  return (
    `${table.given} does not remember batches, so a batch whose reply was lost may be stored twice: ` +
    `ALTER TABLE ${table.quoted} MODIFY SETTING ${WINDOW} = 1000`
  );
}

async function defaultWindow(endpoint: Endpoint): Promise<string> {
  const [row] = await rows<{ value: string }>(
    endpoint,
    `SELECT value FROM system.merge_tree_settings WHERE name = '${WINDOW}'`,
  );
  return row?.value ?? "0";
}

async function rows<Row>(endpoint: Endpoint, query: string): Promise<Row[]> {
  const answer = await endpoint.client.query({ query, format: "JSONEachRow" });
  return answer.json<Row>();
}

function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
