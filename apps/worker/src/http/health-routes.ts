import type { FastifyInstance } from "fastify";

import type { Probe } from "../probes.ts";
import type { RunningService } from "../running-service.ts";

/** The worst first. */
const STATUSES = ["fail", "warn", "pass"] as const;

/**
 * `/health` answers 200 while the process lives, whatever its stores do, so that nobody restarts a process for what a
 * restart cannot mend; each part's state is in the body (draft-inadarei-api-health-check-06). `/ready` answers 503 with
 * reasons while work would not get done.
 */
export function addHealthRoutes(http: FastifyInstance, running: RunningService): void {
  http.get("/health", async (_request, reply) => {
    const probes = await running.probes();
    const worst = STATUSES.find((status) => probes.some((probe) => probe.status === status)) ?? "pass";
    void reply.type("application/health+json");
    return {
      status: worst,
      checks: Object.fromEntries(probes.map((probe) => [probe.name, [checkOf(probe)]])),
    };
  });

  http.get("/ready", async (_request, reply) => {
    const reasons = await running.reasonsNotReady();
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
}

function checkOf({ status, latencyMs, output }: Probe): object {
  return {
    status,
    observedValue: latencyMs,
    observedUnit: "ms",
    time: new Date().toISOString(),
    ...(output !== undefined && { output }),
  };
}
