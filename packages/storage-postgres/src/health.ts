import type { Clock } from "@chimera/dlq";
import { errorMessage } from "@chimera/dlq";
import { PostgresError } from "./errors.ts";
import type { CallOptions, QueryRunner } from "./query.ts";

/** How a server answered. */
export interface PostgresHealth {
  /** `pass`: reads and writes; `warn`: reads only; `fail`: does not answer, or not us. */
  readonly status: "pass" | "warn" | "fail";
  readonly latencyMs: number;
  readonly readOnly?: boolean;
  readonly serverVersion?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Milliseconds that a check may take where the caller sets no deadline: shorter than a probe's own patience. */
const HEALTH_DEADLINE_MS = 3_000;

const PROBE = `select current_setting('server_version') as version, current_setting('transaction_read_only') = 'on' as read_only`;

/** One round trip that says whether the server serves. Never rejects. */
export async function checkHealth(
  runner: QueryRunner,
  clock: Clock,
  { deadlineMs = HEALTH_DEADLINE_MS, ...options }: CallOptions,
): Promise<PostgresHealth> {
  const startedAt = clock.monotonic();
  const latencyMs = (): number => Math.round((clock.monotonic() - startedAt) * 1_000) / 1_000;
  try {
    const { rows } = await runner.query<{ version: string; read_only: boolean }>(PROBE, [], {
      ...options,
      deadlineMs,
      idempotent: true,
    });
    const readOnly = rows[0]?.read_only ?? false;
    return {
      status: readOnly ? "warn" : "pass",
      latencyMs: latencyMs(),
      readOnly,
      serverVersion: rows[0]?.version ?? "unknown",
    };
  } catch (error) {
    const code = error instanceof PostgresError ? error.code : "ABORTED";
    return { status: "fail", latencyMs: latencyMs(), error: { code, message: errorMessage(error) } };
  }
}
