import { describe, expect, it } from "vitest";
import { sql } from "../../src/index.ts";
import { rejection, useDatabase } from "../support/database.ts";

const database = useDatabase();

describe("query", () => {
  it("answers rows, their number and the command", async () => {
    const db = database.open();
    const result = await db.query<{ a: number; b: string }>("select $1::int as a, $2 as b", [1, "x"]);
    expect(result.rows).toEqual([{ a: 1, b: "x" }]);
    expect(result.rowCount).toBe(1);
    expect(result.command).toBe("SELECT");
  });

  it("takes what the sql tag made", async () => {
    const { rows } = await database.open().query(sql`select ${"it's"} as ${sql.id('a "name"')}`);
    expect(rows).toEqual([{ 'a "name"': "it's" }]);
  });

  it("answers the last of several statements in one text", async () => {
    const { rows } = await database.open().query("select 1 as a; select 2 as b");
    expect(rows).toEqual([{ b: 2 }]);
  });

  it("keeps its client through refusals of the server: 200 of them cost one connection", async () => {
    const db = database.open();
    await db.query("create table once (id int primary key)");
    await db.query("insert into once values (1)");
    for (let tries = 0; tries < 200; tries++) {
      const error = await rejection(db.query("insert into once values (1)"));
      expect(error).toMatchObject({
        code: "CONSTRAINT_VIOLATION",
        retryable: false,
        attempts: 1,
        sqlState: "23505",
        report: { sqlState: "23505", constraint: "once_pkey", schema: "public", table: "once" },
      });
    }
    expect(db.metrics().pool.created).toBe(1);
  });

  it("refuses a value that cannot be encoded, and goes on", async () => {
    const db = database.open();
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    expect(await rejection(db.query("select $1::jsonb", [circular]))).toMatchObject({
      code: "POSTGRES_INVALID",
    });
    expect((await db.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  it("leads the stack of an error to the caller", async () => {
    const error = await rejection(database.open().query("select nonsense"));
    expect(error.stack).toContain("query.test.ts");
  });
});

describe("prepared statements", () => {
  it("are parsed once a session and survive a change of their table", async () => {
    const db = database.open({ poolSize: 1, maxOverflow: 0 });
    await db.query("create table shape (a int)");
    const read = async (): Promise<unknown> =>
      db.query("select * from shape where a > $1", [0], { name: "read-shape" });
    await read();
    await read();
    const { rows } = await db.query<{ name: string }>("select name from pg_prepared_statements");
    expect(rows).toEqual([{ name: "read-shape" }]);
    await db.query("alter table shape add b int");
    await read();
    expect(db.metrics().retries["rolled-back"]).toBe(1);
  });
});

describe("health", () => {
  it("passes on a server that reads and writes", async () => {
    const health = await database.open().health();
    expect(health).toMatchObject({ status: "pass", readOnly: false });
    expect(health.serverVersion).toMatch(/^\d+/);
  });

  it("fails within its deadline, with a code, when nobody listens", async () => {
    const db = database.open({ url: "postgres://127.0.0.1:1/none" });
    expect(await db.health({ deadlineMs: 300 })).toMatchObject({
      status: "fail",
      error: { code: "POSTGRES_UNAVAILABLE" },
    });
  });
});

describe("close", () => {
  it("lets running calls end, refuses new ones, and may be called twice", async () => {
    const db = database.open();
    const running = db.query("select pg_sleep(0.2), 7 as seven");
    const closing = db.close();
    expect((await running).rows).toMatchObject([{ seven: 7 }]);
    await closing;
    await db.close();
    expect(await rejection(db.query("select 1"))).toMatchObject({
      code: "POSTGRES_CLOSED",
      retryable: false,
    });
    expect(db.metrics().pool).toMatchObject({ inUse: 0, idle: 0 });
  });

  it("cuts at its deadline what does not end", async () => {
    const db = database.open();
    const running = rejection(db.query("select pg_sleep(60)"));
    await db.query("select 1");
    const startedAt = performance.now();
    await db.close({ deadlineMs: 100 });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await running).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });
});
