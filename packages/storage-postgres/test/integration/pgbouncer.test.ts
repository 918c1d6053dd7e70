import { silentLogger } from "@chimera/dlq";
import { sampleLetter } from "@chimera/dlq/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PostgresAdapterOptions } from "../../src/index.ts";
import { PostgresDeadLetterStore } from "../../src/index.ts";
import { Effects } from "../support/effects.ts";
import { rejection, useDatabase } from "../support/database.ts";
import type { PgBouncer } from "../support/pgbouncer.ts";
import { pgBouncerMissing, startPgBouncer } from "../support/pgbouncer.ts";

const database = useDatabase();
const missing = await pgBouncerMissing();
if (missing !== undefined) console.warn(`PgBouncer tests are skipped: ${missing}`);

describe.skipIf(missing !== undefined)("through PgBouncer in transaction mode", () => {
  let bouncer: PgBouncer | undefined;
  beforeAll(async () => {
    bouncer = await startPgBouncer(database.server.url);
  });
  afterAll(async () => bouncer?.[Symbol.asyncDispose]());
  beforeEach(async () => Effects.createTable(database.observer));

  const open = (options: PostgresAdapterOptions = {}): ReturnType<typeof database.open> =>
    database.open({ url: bouncer?.url ?? "", retry: { baseDelayMs: 20, maxAttempts: 20 }, ...options });

  it("many more clients than connections are served", async () => {
    const db = open({ poolSize: 20 });
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_call, index) => db.query("select $1::int as n", [index])),
    );
    expect(answers.map(({ rows }) => rows[0]?.["n"])).toEqual(
      Array.from({ length: 100 }, (_call, index) => index),
    );
  });

  it("transactions, savepoints, bulk inserts in each way and streams work", async () => {
    const db = open();
    await db.query("create table bounced (id int primary key, note text)");
    const rows = Array.from({ length: 6_000 }, (_row, id) => ({ id, note: `note ${id}` }));
    await db.bulkInsert("bounced", rows.slice(0, 10));
    await db.bulkInsert("bounced", rows.slice(10, 900));
    await db.bulkInsert("bounced", rows.slice(900, 5_999), { strategy: "copy" });
    await db.bulkInsert("bounced", rows, { onConflict: { columns: ["id"] } });
    await db.transaction(
      async (transaction) => {
        await transaction.query("update bounced set note = 'x' where id = 0");
        const nested = transaction.transaction(async (inner) =>
          inner.query("insert into bounced values (0)"),
        );
        expect(await rejection(nested)).toMatchObject({ code: "CONSTRAINT_VIOLATION" });
      },
      { isolation: "serializable" },
    );
    let count = 0;
    for await (const row of db.stream<{ id: number }>("select id from bounced order by id"))
      expect(row.id).toBe(count++);
    expect(count).toBe(6_000);
  });

  it("an abort reaches the server behind it", async () => {
    const db = open();
    const reason = new Error("enough");
    const controller = new AbortController();
    const running = rejection(
      db.query("select pg_sleep(60), 'through pgbouncer'", [], { signal: controller.signal }),
    );
    const busy = async (): Promise<number> =>
      (
        await database.observer.query(
          "select 1 from pg_stat_activity where state = 'active' and query like '%through pgb%' and pid <> pg_backend_pid()",
        )
      ).rowCount;
    await expect.poll(busy).toBe(1);
    controller.abort(reason);
    expect(await running).toBe(reason);
    await expect.poll(busy).toBe(0);
  });

  it("a backend that is terminated in mid-query leaves the outcome open; before COMMIT the function runs again", async () => {
    const db = open();
    const terminate = async (like: string): Promise<void> => {
      const text =
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where query like $1 and pid <> pg_backend_pid()";
      await expect.poll(async () => (await database.observer.query(text, [like])).rowCount).toBe(1);
    };
    const running = rejection(db.query("select pg_sleep(30), 'bounced'"));
    await terminate("%bounced%");
    expect(await running).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    const effects = new Effects();
    let runs = 0;
    await effects.try(async (id) =>
      db.transaction(
        async (transaction) => {
          runs += 1;
          await transaction.query("insert into effects values ($1) /* bounced */", [id]);
          if (runs === 1) await terminate("insert%/* bounced */");
        },
        { verify: "status" },
      ),
    );
    expect(runs).toBe(2);
    expect(await effects.count(database.observer)).toMatchObject({ resolved: 1, lost: 0, doubled: 0 });
  });

  it("dead letters are kept, listed, shared and marked", async () => {
    const store = new PostgresDeadLetterStore({
      adapter: open(),
      table: "bounced_letters",
      logger: silentLogger,
    });
    await Promise.all([store.migrate(), store.migrate()]);
    await store.append(["a", "b"].map((id) => sampleLetter({ id })));
    const ids: string[] = [];
    for await (const { letter } of store.sharedReplay().list()) ids.push(letter.id);
    await store.markReplayed([sampleLetter({ id: "a" })]);
    expect(ids).toEqual(["a", "b"]);
    expect((await store.stats()).count).toBe(1);
    await store.ping();
  });

  it("a server that is killed and started again behind it loses and doubles nothing", async () => {
    const db = open({ retry: { maxAttempts: 200, baseDelayMs: 20, maxDelayMs: 100 }, poolSize: 8 });
    const effects = new Effects();
    const end = new AbortController();
    const load = Array.from({ length: 8 }, async () => {
      while (!end.signal.aborted)
        await effects.try(async (id) =>
          db.transaction(async (transaction) => transaction.query("insert into effects values ($1)", [id]), {
            verify: "status",
          }),
        );
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await database.server.kill9();
    await database.server.restart();
    await new Promise((resolve) => setTimeout(resolve, 300));
    end.abort();
    await Promise.all(load);
    expect(await effects.count(database.observer)).toMatchObject({
      lost: 0,
      doubled: 0,
      phantom: 0,
      errors: [],
    });
  });
});
