import type { ResolvedOptions } from "./adapter-options.ts";
import type { Alarm } from "./alarms.ts";
import type { BreakerState } from "./endpoints/breaker.ts";
import type { EndpointPool } from "./endpoints/endpoint-pool.ts";
import type { Endpoint } from "./endpoints/endpoint.ts";
import { readFailure } from "./failure.ts";
import { deduplicationWarning, readTableFacts } from "./table-facts.ts";
import type { TableName } from "./table-name.ts";

/** How one server answered. */
export interface ServerHealth {
  readonly label: string;
  readonly status: "pass" | "fail";
  readonly latencyMs: number;
  readonly breaker: BreakerState;
  readonly version?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Whether rows can be stored, and what a person should look at. */
export interface ClickHouseHealth {
  /**
   * `pass`: every server answers. `warn`: some do, or a table does not remember batches. `fail`: none does, or an
   * alarm is raised: batches are held, or dead letters cannot be stored.
   */
  readonly status: "pass" | "warn" | "fail";
  readonly latencyMs: number;
  readonly servers: readonly ServerHealth[];
  readonly alarms: readonly Alarm[];
  /** One sentence each, with its cure. */
  readonly warnings: readonly string[];
}

/** What a check looks at. */
export interface HealthParts {
  readonly pool: EndpointPool;
  readonly options: ResolvedOptions;
  readonly secrets: readonly string[];
  readonly alarms: readonly Alarm[];
  readonly tables: readonly TableName[];
}

/** Asks every server, with the adapter's own credentials. Never rejects; takes at most `deadlineMs`. */
export async function checkHealth(
  parts: HealthParts,
  { deadlineMs = 3_000 }: { readonly deadlineMs?: number },
): Promise<ClickHouseHealth> {
  const { clock } = parts.options;
  const startedMs = clock.monotonic();
  const overdue = new AbortController();
  const timer = clock.schedule(() => overdue.abort(), deadlineMs);
  try {
    const { endpoints } = parts.pool;
    const servers = await Promise.all(
      endpoints.map(async (endpoint) => checkServer(endpoint, parts, overdue.signal)),
    );
    const living = endpoints.find((_, index) => servers[index]?.status === "pass");
    const warnings = living === undefined ? [] : await warningsOf(living, parts, overdue.signal);
    const failing = parts.alarms.length > 0 || living === undefined;
    const doubtful = warnings.length > 0 || servers.some(({ status }) => status === "fail");
    return {
      status: failing ? "fail" : doubtful ? "warn" : "pass",
      latencyMs: clock.monotonic() - startedMs,
      servers,
      alarms: parts.alarms,
      warnings,
    };
  } finally {
    timer.cancel();
  }
}

async function checkServer(
  { label, breaker, client }: Endpoint,
  { options: { clock }, secrets }: HealthParts,
  signal: AbortSignal,
): Promise<ServerHealth> {
  const startedMs = clock.monotonic();
  const state = (): Pick<ServerHealth, "label" | "latencyMs" | "breaker"> => ({
    label,
    latencyMs: clock.monotonic() - startedMs,
    breaker: breaker.state,
  });
  try {
    const answer = await client.query({
      query: "SELECT version() AS version",
      format: "JSONEachRow",
      abort_signal: signal,
    });
    const [row] = await answer.json<{ version: string }>();
    return { ...state(), status: "pass", version: row?.version ?? "unknown" };
  } catch (error) {
    const { code, message } = readFailure(error, secrets);
    const late = { code: "ETIMEDOUT", message: "no answer in time" };
    return { ...state(), status: "fail", error: signal.aborted ? late : { code, message } };
  }
}

async function warningsOf(
  endpoint: Endpoint,
  { tables, secrets }: HealthParts,
  signal: AbortSignal,
): Promise<string[]> {
  const warnings: string[] = [];
  try {
    if (!(await endpoint.supportsTokens())) {
      return [`${endpoint.label} knows no tokens, so a batch whose reply was lost may be stored twice`];
    }
    for (const table of tables) {
      if (signal.aborted) break;
      const facts = await readTableFacts(endpoint, table);
      const warning =
        facts === undefined ? `${table.given} does not exist` : deduplicationWarning(table, facts);
      if (warning !== undefined) warnings.push(warning);
    }
  } catch (error) {
    warnings.push(`Tables could not be checked: ${readFailure(error, secrets).message}`);
  }
  return warnings;
}
