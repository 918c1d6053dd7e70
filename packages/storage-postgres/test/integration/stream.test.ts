import { TcpProxy } from "@chimera/test-services";
import { expect, it } from "vitest";
import { sql } from "../../src/index.ts";
import { rejection, useDatabase } from "../support/database.ts";

const database = useDatabase();

it("yields every row in order, and gives its client back", async () => {
  const db = database.open({ poolSize: 1, maxOverflow: 0 });
  let next = 1;
  for await (const row of db.stream<{ n: number }>(
    "select n from generate_series(1, $1::int) as n",
    [2_345],
    { batchRows: 100 },
  ))
    expect(row.n).toBe(next++);
  expect(next).toBe(2_346);
  expect(db.metrics().pool).toMatchObject({ inUse: 0, idle: 1, created: 1 });
});

it("closes its cursor when the loop is left, and the client goes on", async () => {
  const db = database.open({ poolSize: 1, maxOverflow: 0 });
  for (let round = 0; round < 3; round++) {
    for await (const row of db.stream<{ n: number }>(
      sql`select n from generate_series(1, ${1_000_000}::int) as n`,
    ))
      if (row.n === 3) break;
    expect((await db.query("select count(*)::int as cursors from pg_cursors")).rows).toEqual([
      { cursors: 0 },
    ]);
  }
  expect(db.metrics().pool.created).toBe(1);
});

it("does not fetch what is not consumed", async () => {
  const db = database.open();
  const rows = db.stream<{ n: number }>(
    "select n, pg_sleep(case when n > 10 then 60 else 0 end) from generate_series(1, 20) as n",
    [],
    {
      batchRows: 5,
    },
  );
  expect((await rows.next()).value).toMatchObject({ n: 1 });
  await rows.return();
  expect(db.metrics().pool.inUse).toBe(0);
});

it("ends with the server's refusal, before the first row and behind it", async () => {
  const db = database.open({ poolSize: 1, maxOverflow: 0 });
  const read = async (text: string): Promise<void> => {
    for await (const row of db.stream(text, [], { batchRows: 10 })) expect(row).toBeDefined();
  };
  expect(await rejection(read("select nonsense"))).toMatchObject({
    code: "QUERY_REFUSED",
    sqlState: "42703",
  });
  expect(await rejection(read("select 1 / (500 - n) from generate_series(1, 1000) as n"))).toMatchObject({
    code: "DATA_INVALID",
  });
  expect((await db.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  expect(db.metrics().pool.created).toBe(1);
});

it("ends with the caller's reason when it is aborted, and the server stops too", async () => {
  const db = database.open({ applicationName: "aborted-stream" });
  const controller = new AbortController();
  const reason = new Error("changed my mind");
  const rows = db.stream("select pg_sleep(60)", [], { signal: controller.signal });
  const first = rejection(rows.next());
  setTimeout(() => controller.abort(reason), 100);
  expect(await first).toBe(reason);
  const busy =
    "select count(*)::int as busy from pg_stat_activity where application_name = 'aborted-stream' and state = 'active'";
  expect((await database.observer.query(busy)).rows).toEqual([{ busy: 0 }]);
});

it("ends with an error when its backend is terminated, and the process lives", async () => {
  const db = database.open({ applicationName: "killed-stream" });
  const rows = db.stream("select n from generate_series(1, 100000) as n", [], { batchRows: 10 });
  await rows.next();
  await database.observer.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'killed-stream'",
  );
  expect(await rejection(drain(rows))).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true });
  expect((await db.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
});

it("ends with an error when its connection is lost behind the last row", async () => {
  await using proxy = await TcpProxy.start(database.server.url);
  const db = database.open({ url: proxy.through(database.server.url) });
  await db.query("select 1");
  let isComplete = false;
  proxy.rules.onReply = (chunk) => {
    if (isComplete) return { cutAfterBytes: 0 };
    isComplete = chunk.includes("SELECT 3");
    return "forward";
  };
  const rows = db.stream("select n from generate_series(1, 3) as n", [], { idempotent: true });
  expect(await rejection(drain(rows))).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true });
  expect(isComplete).toBe(true);
  expect(db.metrics().pool.inUse).toBe(0);
});

it("says that a change may have happened when its connection is lost behind the last row", async () => {
  await using proxy = await TcpProxy.start(database.server.url);
  const db = database.open({ url: proxy.through(database.server.url) });
  await db.query("create table changed_at_last (n int)");
  let isComplete = false;
  proxy.rules.onReply = (chunk) => {
    if (isComplete) return { cutAfterBytes: 0 };
    isComplete = chunk.includes("INSERT 0 3");
    return "forward";
  };
  const rows = db.stream("insert into changed_at_last select n from generate_series(1, 3) as n returning n");
  expect(await rejection(drain(rows))).toMatchObject({ code: "OUTCOME_UNKNOWN", retryable: false });
  await expect.poll(async () => countOf("changed_at_last")).toBe(3);
});

it("may repeat a change whose connection was lost on the way: the server undid it", async () => {
  const db = database.open({ applicationName: "killed-change" });
  await db.query("create table changed_on_the_way (n int)");
  const text = "insert into changed_on_the_way select n from generate_series(1, 1000) as n returning n";
  const rows = db.stream(text, [], { batchRows: 10 });
  await rows.next();
  await database.observer.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'killed-change'",
  );
  expect(await rejection(drain(rows))).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true });
  expect(await countOf("changed_on_the_way")).toBe(0);
});

it("ends with a refusal that comes only when its change is committed", async () => {
  const db = database.open({ poolSize: 1, maxOverflow: 0 });
  await db.query("create table checked_late (n int unique deferrable initially deferred)");
  const text = "insert into checked_late values (1), (1) returning n";
  expect(await rejection(drain(db.stream(text)))).toMatchObject({ code: "CONSTRAINT_VIOLATION" });
  const leftEarly = async (): Promise<void> => {
    for await (const row of db.stream(text, [], { batchRows: 1 })) if (row !== undefined) break;
  };
  expect(await rejection(leftEarly())).toMatchObject({ code: "CONSTRAINT_VIOLATION" });
  expect(await countOf("checked_late")).toBe(0);
  expect((await db.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  expect(db.metrics().pool.created).toBe(1);
});

async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const row of rows) expect(row).toBeDefined();
}

async function countOf(table: string): Promise<unknown> {
  const { rows } = await database.observer.query(`select count(*)::int as count from ${table}`);
  return rows[0]?.["count"];
}
