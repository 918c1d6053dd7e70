import { startClickHouse, startPostgres, startRedis } from "@chimera/test-services";
import { expect, it, vi } from "vitest";

import { event } from "../support/events.ts";
import { ServiceProcess } from "../support/service-process.ts";
import { SpanCollector } from "../support/span-collector.ts";
import type { CollectedSpan } from "../support/span-collector.ts";

const EXPORT = new URL("../../examples/export-traces.ts", import.meta.url).href;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = "00f067aa0ba902b7";

/** Each span as `name <- parent's name`. */
function lineage(spans: readonly CollectedSpan[]): string[] {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans
    .map(({ name, parentSpanId = "" }) => `${name} <- ${names.get(parentSpanId) ?? parentSpanId}`)
    .toSorted();
}

it("a caller's trace goes through the queue to the handler and both databases", async () => {
  await using collector = await SpanCollector.start();
  const starting = [startRedis(), startPostgres(), startClickHouse()] as const;
  await Promise.all(starting);
  await using redis = await starting[0];
  await using postgres = await starting[1];
  await using clickhouse = await starting[2];
  await using service = await ServiceProcess.start(
    {
      CHIMERA_REDIS_URL: redis.url,
      CHIMERA_POSTGRES_URL: postgres.url,
      CHIMERA_CLICKHOUSE_URL: clickhouse.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
    [EXPORT],
  );
  const traced = { traceparent: `00-${TRACE}-${CALLER}-01` };
  const one = JSON.stringify(event("traced"));
  expect((await service.post("/jobs", one, "application/json", traced)).status).toBe(202);
  const other = JSON.stringify(event("untraced"));
  expect((await service.post("/jobs", other, "application/json", { traceparent: "nonsense" })).status).toBe(
    202,
  );
  await vi.waitFor(
    async () => expect(await service.text("/metrics")).toMatch(/^chimera_queue_processed_total 2$/m),
    { timeout: 30_000, interval: 100 },
  );
  // The exporter holds spans for seconds: the end of the process must not take them along.
  service.signal("SIGTERM");
  expect(await service.exitCode()).toBe(0);
  const mine = collector.spans.filter(({ traceId }) => traceId === TRACE);
  expect(lineage(mine)).toEqual([
    "INSERT chimera_demo_quakes <- process chimera-demo-quakes",
    "INSERT chimera_demo_quakes <- process chimera-demo-quakes",
    "process chimera-demo-quakes <- send chimera-demo-quakes",
    `send chimera-demo-quakes <- ${CALLER}`,
  ]);
  const others = collector.spans.filter(({ traceId }) => traceId !== TRACE);
  expect(new Set(others.map(({ traceId }) => traceId)).size).toBe(1);
  expect(lineage(others).at(-1)).toBe("send chimera-demo-quakes <- ");
}, 120_000);
