import { ClickHouseAdapter } from "@chimera/storage-clickhouse";
import { PostgresAdapter } from "@chimera/storage-postgres";
import { startClickHouse, startPostgres, startRedis } from "@chimera/test-services";
import type { TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { event, events } from "../support/events.ts";
import { ServiceProcess } from "../support/service-process.ts";

const NAMED = ["REDIS", "POSTGRES", "CLICKHOUSE"].filter((name) => process.env[`CHIMERA_TEST_${name}_URL`]);
if (NAMED.length > 0)
  process.stderr.write(`skipped: servers of the environment (${NAMED.join(", ")}) cannot be killed\n`);

const PATIENCE = { timeout: 40_000, interval: 200 };

let redis: TestService;
let postgres: TestService;
let clickhouse: TestService;
beforeAll(async () => {
  // Redis must keep its jobs when it is killed.
  const config = ["appendonly yes", "appendfsync always"];
  [redis, postgres, clickhouse] = await Promise.all([
    startRedis({ config }),
    startPostgres(),
    startClickHouse(),
  ]);
});
afterAll(async () => {
  await Promise.all([redis, postgres, clickhouse].map(async (server) => server.stop()));
});

function settings(): Record<string, string> {
  return {
    NODE_ENV: "production",
    CHIMERA_REDIS_URL: redis.url,
    CHIMERA_POSTGRES_URL: postgres.url,
    CHIMERA_CLICKHOUSE_URL: clickhouse.url,
  };
}

async function untilReady(service: ServiceProcess): Promise<void> {
  await vi.waitFor(
    async () => expect((await service.get("/ready")).body).toEqual({ ready: true, reasons: [] }),
    PATIENCE,
  );
}

/** Ids that begin with `prefix`, one a row, as each database has them. */
async function storedIds(prefix: string): Promise<{ inPostgres: string[]; inClickHouse: string[] }> {
  await using rows = new PostgresAdapter({ url: postgres.url });
  await using quakes = await ClickHouseAdapter.open({ url: clickhouse.url, deadLetters: null });
  const found = await rows.query<{ id: string }>(
    "SELECT id FROM chimera_demo_quakes WHERE starts_with(id, $1)",
    [prefix],
  );
  const seen = await quakes?.query<{ id: string }>(
    "SELECT id FROM chimera_demo_quakes FINAL WHERE startsWith(id, {prefix: String})",
    { params: { prefix } },
  );
  const ids = (list: readonly { readonly id: string }[] = []): string[] =>
    list.map(({ id }) => id).toSorted();
  return { inPostgres: ids(found.rows), inClickHouse: ids(seen) };
}

/** What ClickHouse itself counts: a row that is there twice makes the two differ. */
async function countsInClickHouse(prefix: string): Promise<unknown> {
  await using quakes = await ClickHouseAdapter.open({ url: clickhouse.url, deadLetters: null });
  const counts = await quakes?.query(
    `SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(id)) AS ids
    FROM chimera_demo_quakes FINAL WHERE startsWith(id, {prefix: String})`,
    { params: { prefix } },
  );
  return counts?.[0];
}

describe.skipIf(NAMED.length > 0)("the service", () => {
  it("starts while its servers are down and becomes ready when they come", async () => {
    await Promise.all([redis.kill9(), postgres.kill9(), clickhouse.kill9()]);
    await using service = await ServiceProcess.start(settings());
    expect(service.err).toBe("");
    expect((await service.get("/ready")).status).toBe(503);
    await Promise.all([redis.restart(), postgres.restart(), clickhouse.restart()]);
    await untilReady(service);
  });

  it("stores every event that it accepted, once, though each server is killed under load", async () => {
    await using service = await ServiceProcess.start(settings());
    await untilReady(service);
    const accepted = new Set<string>();
    const enough = new AbortController();
    const load = (async () => {
      for (let batch = 0; !enough.signal.aborted; batch += 1) {
        const answer = await service.post("/jobs", JSON.stringify(events(`load-${batch}`, 20)));
        if (answer.status === 202) for (const id of answer.body["ids"] as string[]) accepted.add(id);
      }
    })();
    for (const server of [postgres, clickhouse, redis]) {
      await server.kill9();
      await vi.waitFor(async () => expect((await service.get("/ready")).status).toBe(503), PATIENCE);
      await server.restart();
      await untilReady(service);
    }
    enough.abort();
    await load;
    expect(accepted.size).toBeGreaterThan(0);
    const metric = async (name: string): Promise<number> =>
      Number(new RegExp(`^${name} (\\d+)$`, "m").exec(await service.text("/metrics"))?.[1]);
    await vi.waitFor(async () => {
      const waiting = ["depth", "due", "delayed", "in_flight"].map(async (end) =>
        metric(`chimera_queue_${end}`),
      );
      expect(await Promise.all(waiting)).toEqual([0, 0, 0, 0]);
    }, PATIENCE);
    const { inPostgres, inClickHouse } = await storedIds("load-");
    expect(inClickHouse).toEqual(inPostgres);
    expect(await countsInClickHouse("load-")).toEqual({ rows: inPostgres.length, ids: inPostgres.length });
    // A request whose answer was lost may have been taken too.
    expect([...accepted].filter((id) => !inPostgres.includes(id))).toEqual([]);
    expect(await metric("chimera_queue_dead_lettered_total")).toBe(0);
    expect(await service.text("/metrics")).not.toMatch(/^chimera_dead_letters\{/m);
    // However the handlers come in bursts, no connection is opened for one of them and closed again.
    expect(await metric('chimera_postgres_connections_discarded_total{reason="overflow"}')).toBe(0);
    // Every insert is in the histogram of batch sizes, and all of them together hold every row.
    expect(await metric("chimera_clickhouse_insert_rows_count")).toBe(
      await metric("chimera_clickhouse_inserts_total"),
    );
    expect(await metric("chimera_clickhouse_insert_rows_sum")).toBeGreaterThanOrEqual(inPostgres.length);
  }, 180_000);

  it("drains on SIGTERM: a job that was accepted is done, and the exit code is 0", async () => {
    await using service = await ServiceProcess.start(settings());
    await untilReady(service);
    await service.post("/jobs", JSON.stringify([event("drained")]));
    service.signal("SIGTERM");
    expect(await service.exitCode()).toBe(0);
    await using next = await ServiceProcess.start(settings());
    await vi.waitFor(
      async () =>
        expect(await storedIds("drained")).toEqual({ inPostgres: ["drained"], inClickHouse: ["drained"] }),
      PATIENCE,
    );
    expect((await next.get("/health")).status).toBe(200);
  });
});

it("a port in use and bad settings are told at once, with exit code 2", async () => {
  await using first = await ServiceProcess.start(settings());
  await using second = await ServiceProcess.start({
    ...settings(),
    CHIMERA_HTTP_PORT: new URL(first.url).port,
    CHIMERA_LOG_LEVEL: "loud",
    CHIMERA_POSTGRES_URL: "nonsense:sesame-7391",
    CHIMERA_WORKER_CONCURRENCY: "0",
  });
  expect(await second.exitCode()).toBe(2);
  expect(second.err.trimEnd().split("\n").toSorted()).toEqual([
    "CHIMERA_HTTP_PORT: expected a port that is free (EADDRINUSE)",
    "CHIMERA_LOG_LEVEL: expected one of debug, info, warn, error",
    expect.stringMatching(/^CHIMERA_POSTGRES_URL: expected a URL like postgres:/),
    "CHIMERA_WORKER_CONCURRENCY: expected an integer from 1 to 10000",
  ]);
  expect((await first.get("/health")).status).toBe(200);
});
