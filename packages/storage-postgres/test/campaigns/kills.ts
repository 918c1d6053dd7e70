/**
 * Kills a Postgres under transactions that ask it for their fate, some hundred times: `pnpm campaign:kills [BIN…]`,
 * each BIN the directory of another version's programs. Half of the load goes through PgBouncer where there is one.
 * Writes `kills.json` beside this file; ends with an error when an acknowledged effect is not there, is there twice, or
 * is there although its call was refused.
 */
import { silentLogger } from "@chimera/dlq";
import type { TestService } from "@chimera/test-services";
import { startPostgres } from "@chimera/test-services";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { PostgresAdapter } from "../../src/index.ts";
import { Effects } from "../support/effects.ts";
import type { EffectCount } from "../support/effects.ts";
import { pgBouncerMissing, startPgBouncer } from "../support/pgbouncer.ts";

const KILLS = 100;
const CALLERS = 16;
const POLL_MS = 2;
/** Effects between two kills, 20 to 96: never the same, by a walk that comes to every number. */
const effectsBefore = (kill: number): number => 20 + ((kill * 37) % 77);

type Fault = (server: TestService, observer: PostgresAdapter) => Promise<void>;

const faults: Readonly<Record<string, Fault>> = {
  "the whole server, kill -9": async (server) => {
    await server.kill9();
    await server.restart();
  },
  "one backend, kill -9": async (_server, observer) => {
    const { rows } = await observer.query<{ pid: number }>(
      "select pid from pg_stat_activity where query like '%effects%' and pid <> pg_backend_pid() order by random() limit 1",
      [],
      { idempotent: true }, // the crash that it makes ends it too
    );
    const [victim] = rows;
    if (victim === undefined) return;
    try {
      process.kill(victim.pid, "SIGKILL");
    } catch {
      // It ended by itself since: the next kill finds another.
    }
  },
};

async function campaign(
  server: TestService,
  url: string,
  fault: Fault,
): Promise<EffectCount & { kills: number }> {
  const retry = { maxAttempts: 1_000, baseDelayMs: 10, maxDelayMs: 100 };
  await using observer = new PostgresAdapter({ url: server.url, retry, poolSize: 1, logger: silentLogger });
  await using db = new PostgresAdapter({ url, retry, poolSize: 8, logger: silentLogger });
  await Effects.createTable(observer);
  const effects = new Effects();
  const end = new AbortController();
  const load = Array.from({ length: CALLERS }, async () => {
    while (!end.signal.aborted)
      await effects.try(async (id) =>
        db.transaction(async (transaction) => transaction.query("insert into effects values ($1)", [id]), {
          verify: "status",
        }),
      );
  });
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      await resolvedMore(effects, effectsBefore(kill));
      await fault(server, observer);
    }
    await resolvedMore(effects, 100);
  } finally {
    end.abort();
    await Promise.all(load);
  }
  return { kills: KILLS, ...(await effects.count(observer)) };
}

async function resolvedMore(effects: Effects, count: number): Promise<void> {
  const enough = effects.resolved + count;
  while (effects.resolved < enough) await delay(POLL_MS);
}

const missing = await pgBouncerMissing();
const results: Record<string, unknown>[] = [];
for (const binDirectory of process.argv.length > 2 ? process.argv.slice(2) : [undefined]) {
  const options = binDirectory === undefined ? {} : { binDirectory };
  await using server = await startPostgres(options);
  await using asked = new PostgresAdapter({ url: server.url, logger: silentLogger });
  const { rows } = await asked.query<{ version: string }>(
    "select current_setting('server_version') as version",
  );
  const ways: Record<string, string> = { directly: server.url };
  await using bouncer = missing === undefined ? await startPgBouncer(server.url) : undefined;
  if (bouncer !== undefined) ways["through PgBouncer"] = bouncer.url;
  for (const [way, url] of Object.entries(ways)) {
    for (const [name, fault] of Object.entries(faults)) {
      const { errors, ...counts } = await campaign(server, url, fault);
      const refusals = [...new Set(errors.map(String))];
      results.push({ postgres: rows[0]?.version, fault: name, way, ...counts, refusals });
      console.log(JSON.stringify(results.at(-1)));
    }
  }
}
const pgbouncer =
  missing ?? execFileSync("pgbouncer", ["--version"], { encoding: "utf8" }).split("\n")[0]?.trim();
const report = {
  date: new Date().toISOString().slice(0, 10),
  node: process.versions.node,
  pgbouncer,
  callers: CALLERS,
  results,
};
writeFileSync(new URL("kills.json", import.meta.url), `${JSON.stringify(report, null, 2)}\n`);
const broken = results.some(
  ({ lost, doubled, phantom }) => Number(lost) + Number(doubled) + Number(phantom) > 0,
);
if (broken) process.exitCode = 1;
