import { silentLogger } from "@chimera/dlq";

import { ServiceMetrics } from "../../src/metrics/service-metrics.ts";
import { Service } from "../../src/service.ts";

/** What `/metrics` shows of a service whose servers are away: every metric is there, by name at least. */
export async function exposedMetrics(): Promise<string> {
  await using service = await Service.open(
    { CHIMERA_POSTGRES_URL: "postgres://127.0.0.1:1/none", CHIMERA_CLICKHOUSE_URL: "http://127.0.0.1:1" },
    { logger: silentLogger },
  );
  return await new ServiceMetrics(service).expose();
}
