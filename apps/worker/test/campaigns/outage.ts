/*
 * Takes each server of the service away for a minute under load, one after the other, and counts what came of it.
 * `pnpm --filter @chimera/worker campaign:outage [seconds]` writes outage.json beside this file; exit code 1 when
 * anything was lost, doubled or dead-lettered.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

import { ClickHouseAdapter } from "@chimera/storage-clickhouse";
import { PostgresAdapter } from "@chimera/storage-postgres";
import { startClickHouse, startPostgres, startRedis } from "@chimera/test-services";

import { events } from "../support/events.ts";
import { ServiceProcess } from "../support/service-process.ts";

const outageMs = Number(process.argv[2] ?? 60) * 1_000;
const BATCH = 20;
const PAUSE_BETWEEN_REQUESTS_MS = 100;
/** Requests that must be answered 202 between two outages: an outage under a load that is refused shows nothing. */
const ACCEPTED_BETWEEN = 20;
const PATIENCE_MS = 120_000;

/** Resolves with the milliseconds that it took. */
async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<number> {
  const startedAt = performance.now();
  while (!(await attempted(holds))) {
    if (performance.now() - startedAt > PATIENCE_MS) throw new Error(`${what}: not in ${PATIENCE_MS} ms`);
    await delay(100);
  }
  return Math.round(performance.now() - startedAt);
}

async function attempted(holds: () => Promise<boolean> | boolean): Promise<boolean> {
  try {
    return await holds();
  } catch {
    return false;
  }
}

const [redis, postgres, clickhouse] = await Promise.all([
  startRedis({ config: ["appendonly yes", "appendfsync always"] }),
  startPostgres(),
  startClickHouse(),
]);
await using service = await ServiceProcess.start({
  NODE_ENV: "production",
  CHIMERA_REDIS_URL: redis.url,
  CHIMERA_POSTGRES_URL: postgres.url,
  CHIMERA_CLICKHOUSE_URL: clickhouse.url,
});
const isReady = async (): Promise<boolean> => (await service.get("/ready")).status === 200;
await until("ready", isReady);

const accepted = new Set<string>();
const answers: Record<string, number> = {};
const enough = new AbortController();
const load = (async () => {
  for (let batch = 0; !enough.signal.aborted; batch += 1) {
    const answer = await service.post("/jobs", JSON.stringify(events(`outage-${batch}`, BATCH)));
    answers[answer.status] = (answers[answer.status] ?? 0) + 1;
    if (answer.status === 202) for (const id of answer.body["ids"] as string[]) accepted.add(id);
    await delay(PAUSE_BETWEEN_REQUESTS_MS);
  }
})();

/** Waits until the service is ready and takes events again, many of them; the next outage then hits jobs under way. */
async function takesEvents(): Promise<{ readyAfterMs: number; acceptingAfterMs: number }> {
  const before = accepted.size;
  const readyAfterMs = await until("ready", isReady);
  const firstMs = await until("a fresh 202", () => accepted.size > before);
  await until("accepted load", () => accepted.size >= before + ACCEPTED_BETWEEN * BATCH);
  return { readyAfterMs, acceptingAfterMs: readyAfterMs + firstMs };
}

await takesEvents();
const outages: { readonly acceptedBefore: number; readonly [figure: string]: unknown }[] = [];
let counted = 0;
for (const [name, server] of Object.entries({ postgres, clickhouse, redis })) {
  const acceptedBefore = accepted.size - counted;
  const before = accepted.size;
  await server.kill9();
  await delay(outageMs);
  const acceptedMeanwhile = accepted.size - before;
  counted = accepted.size;
  await server.restart();
  const back = await takesEvents();
  outages.push({ server: name, outageMs, acceptedBefore, acceptedMeanwhile, ...back });
  process.stderr.write(`${JSON.stringify(outages.at(-1))}\n`);
}
enough.abort();
await load;

const metric = async (name: string): Promise<number> =>
  Number(new RegExp(`^chimera_${name} (\\d+)$`, "m").exec(await service.text("/metrics"))?.[1]);
const emptyAfterMs = await until("an empty queue", async () => {
  const left = ["depth", "due", "delayed", "in_flight"].map(async (state) => metric(`queue_${state}`));
  return (await Promise.all(left)).every((count) => count === 0);
});
await using rows = new PostgresAdapter({ url: postgres.url });
await using quakes = await ClickHouseAdapter.open({ url: clickhouse.url, deadLetters: null });
const stored = await rows.query<{ id: string }>("SELECT id FROM chimera_demo_quakes");
const inPostgres = new Set(stored.rows.map(({ id }) => id));
const counts = await quakes?.query<{ rows: number; ids: number }>(
  "SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(id)) AS ids FROM chimera_demo_quakes FINAL",
);
const inClickHouse = await quakes?.query<{ id: string }>("SELECT id FROM chimera_demo_quakes FINAL");
const clickhouseIds = new Set(inClickHouse?.map(({ id }) => id));
const result = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cores: cpus().length,
  outages,
  requestsByStatus: answers,
  accepted: accepted.size,
  acceptedMissingInPostgres: [...accepted].filter((id) => !inPostgres.has(id)).length,
  acceptedMissingInClickHouse: [...accepted].filter((id) => !clickhouseIds.has(id)).length,
  // A request whose answer was lost may have been taken too, so there can be more rows than ids that were accepted.
  postgres: { rows: stored.rows.length, ids: inPostgres.size },
  clickhouse: { rowsFinal: counts?.[0]?.rows, uniqExactIds: counts?.[0]?.ids },
  deadLettered: await metric("queue_dead_lettered_total"),
  reclaimed: await metric("queue_reclaimed_total"),
  emptyAfterMs,
};
const isWhole =
  result.acceptedMissingInPostgres + result.acceptedMissingInClickHouse + result.deadLettered === 0 &&
  outages.every(({ acceptedBefore }) => acceptedBefore >= ACCEPTED_BETWEEN * BATCH) &&
  result.postgres.rows === result.postgres.ids &&
  result.clickhouse.rowsFinal === result.clickhouse.uniqExactIds;
writeFileSync(new URL("outage.json", import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = isWhole ? 0 : 1;
await Promise.all([redis.stop(), postgres.stop(), clickhouse.stop()]);
