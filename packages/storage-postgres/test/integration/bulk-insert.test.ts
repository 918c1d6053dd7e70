import { beforeAll, describe, expect, it } from "vitest";
import type { BulkStrategy } from "../../src/index.ts";
import { rejection, useDatabase } from "../support/database.ts";

const database = useDatabase();
const STRATEGIES: readonly BulkStrategy[] = ["values", "unnest", "copy"];

beforeAll(async () => {
  await database.observer.query(`
    create type mood as enum ('glad', 'sad');
    create table every_type (
      id int primary key, big bigint, num numeric(10, 2), real_ real, flag boolean, txt text, short varchar(5),
      fixed char(4), bits bit(4), js json, jsb jsonb, ints int[], words text[], bytes bytea, at timestamptz,
      local timestamp, day date, uid uuid, feeling mood, span interval, addr inet);
    create table keyed (id int primary key, n int, note text);
    create schema "odd schema";
    create table "odd schema"."a ""table"" ; --" ("col ""x"", y" int, "select" text);`);
});

const FULL = {
  id: 1,
  big: 9_007_199_254_740_993n,
  num: "12345.67",
  real_: 1.5,
  flag: true,
  txt: 'tab\t newline\n return\r backslash\\ quote" null NULL \\N ünï😀 {braces},',
  short: "12345",
  fixed: "ab",
  bits: "1010",
  js: { a: [1, "x"] },
  jsb: [1, { b: null }],
  ints: [1, -2, null],
  words: ["plain", 'q"u\\o', "NULL", "", "{a,b}", null],
  bytes: Buffer.from([0, 1, 255, 92]),
  at: new Date("2026-11-23T10:11:12.345Z"),
  local: new Date("2026-11-23T10:11:12.345Z"),
  day: "2026-02-28",
  uid: "01890a5d-ac96-774b-bcce-b302099a8057",
  feeling: "glad",
  span: "1 day 02:03:04",
  addr: "192.168.0.1",
};

describe.each(STRATEGIES)("rows that travel by %s", (strategy) => {
  it("arrive as the driver's own parameters do, in every type", async () => {
    const db = database.open();
    await db.query("truncate every_type");
    const names = Object.keys(FULL);
    const places = names.map((_name, index) => `$${index + 1}`);
    const values = Object.entries(FULL).map(([name, value]) =>
      name === "jsb" ? JSON.stringify(value) : value,
    );
    await db.query(`insert into every_type (${names.join(", ")}) values (${places.join(", ")})`, values);
    const empty = Object.fromEntries(names.map((name) => [name, name === "id" ? 3 : null]));
    expect(await db.bulkInsert("every_type", [{ ...FULL, id: 2 }, empty], { strategy })).toEqual({
      rowCount: 2,
      strategy,
    });
    const { rows } = await db.query("select * from every_type order by id");
    expect(rows).toHaveLength(3);
    expect(rows[1]).toEqual({ ...rows[0], id: 2 });
    expect(rows[1]).toMatchObject({ txt: FULL.txt, jsb: FULL.jsb, words: FULL.words, ints: FULL.ints });
    expect(Object.values(rows[2] ?? {}).filter((value) => value !== null)).toEqual([3]);
  });

  it("are all stored or none", async () => {
    const db = database.open();
    await db.query("truncate keyed");
    const rows = [{ id: 1 }, { id: 2 }, { id: 1 }];
    expect(await rejection(db.bulkInsert("keyed", rows, { strategy }))).toMatchObject({
      code: "CONSTRAINT_VIOLATION",
      report: { constraint: "keyed_pkey" },
    });
    expect((await db.query("select * from keyed")).rows).toEqual([]);
    await db.bulkInsert("keyed", rows.slice(0, 2), { strategy });
    expect((await db.query("select * from keyed")).rowCount).toBe(2);
  });

  it("refuse what is too long for its column instead of cutting it", async () => {
    const error = await rejection(
      database.open().bulkInsert("every_type", [{ id: 9, short: "123456" }], { strategy }),
    );
    expect(error).toMatchObject({ code: "DATA_INVALID", sqlState: "22001" });
  });

  it("reach tables and columns with any name, which is never read as code", async () => {
    const db = database.open();
    const table = ["odd schema", 'a "table" ; --'] as const;
    await db.bulkInsert(table, [{ 'col "x", y': 1, select: "a'); drop table keyed; --" }], { strategy });
    const { rows } = await db.query('select * from "odd schema"."a ""table"" ; --"');
    expect(rows).toContainEqual({ 'col "x", y': 1, select: "a'); drop table keyed; --" });
  });

  it.each([
    ["table", 'keyed"; drop table keyed; --', { id: 1 }],
    ["column", "keyed", { id: 1, 'n") values (1); drop table keyed; --': 1 }],
  ])("refuse a forged %s", async (_what, table, row) => {
    const db = database.open();
    expect(await rejection(db.bulkInsert(table, [row], { strategy }))).toHaveProperty("code");
    expect((await db.query("select to_regclass('keyed') as there")).rows).toEqual([{ there: "keyed" }]);
  });

  it("tell of a value that cannot be encoded, and leave the client usable", async () => {
    const db = database.open({ poolSize: 1, maxOverflow: 0 });
    const rows = [{ id: 1 }, { id: 2, note: (): number => 1 }];
    const columns = ["id", "note"];
    expect(await rejection(db.bulkInsert("keyed", rows, { strategy, columns }))).toMatchObject({
      code: "POSTGRES_INVALID",
    });
    expect((await db.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  it("are part of the transaction that stores them", async () => {
    const db = database.open();
    await db.query("truncate keyed");
    const stop = new Error("stop");
    const work = db.transaction(async (transaction) => {
      await transaction.bulkInsert("keyed", [{ id: 1 }, { id: 2 }], { strategy });
      expect((await transaction.query("select * from keyed")).rowCount).toBe(2);
      throw stop;
    });
    expect(await rejection(work)).toBe(stop);
    expect((await db.query("select * from keyed")).rowCount).toBe(0);
  });
});

describe("the strategy", () => {
  it.each([
    [49, "values"],
    [50, "unnest"],
    [5_000, "unnest"],
    [5_001, "copy"],
  ] as const)("for %i rows is %s", async (count, strategy) => {
    const db = database.open();
    await db.query("truncate keyed");
    const rows = Array.from({ length: count }, (_row, id) => ({ id, n: id, note: `row ${id}` }));
    expect(await db.bulkInsert("keyed", rows)).toEqual({ rowCount: count, strategy });
    const { rows: sums } = await db.query("select count(*)::int as count, sum(n)::int as sum from keyed");
    expect(sums).toEqual([{ count, sum: (count * (count - 1)) / 2 }]);
  });

  it("is nothing at all for no rows", async () => {
    expect(await database.open().bulkInsert("not_there", [])).toMatchObject({ rowCount: 0 });
  });
});

describe("a conflict", () => {
  it("is passed over, or updates the columns that were named, also over many statements", async () => {
    const db = database.open();
    await db.query("truncate keyed");
    const rows = Array.from({ length: 6_000 }, (_row, id) => ({ id, n: 1, note: "new" }));
    await db.bulkInsert("keyed", [{ id: 0, n: 0, note: "old" }]);
    const passed = await db.bulkInsert("keyed", rows.slice(0, 2_500), { onConflict: { columns: ["id"] } });
    expect(passed).toEqual({ rowCount: 2_499, strategy: "unnest" });
    await db.bulkInsert("keyed", rows, { onConflict: { columns: ["id"], update: ["n"] }, idempotent: true });
    expect((await db.query("select n, note from keyed where id = 0")).rows).toEqual([{ n: 1, note: "old" }]);
    await db.bulkInsert("keyed", rows.slice(0, 1), { onConflict: { columns: ["id"], update: "all" } });
    expect((await db.query("select n, note from keyed where id = 0")).rows).toEqual([{ n: 1, note: "new" }]);
    expect((await db.query("select count(*)::int as count from keyed")).rows).toEqual([{ count: 6_000 }]);
  });

  it.each([
    [{ update: ["n"] }, "POSTGRES_INVALID"],
    [{ columns: ["id) do update set n = 1; drop table keyed; --"] }, "QUERY_REFUSED"],
    [{ columns: ["id"], update: ['n" = 1; drop table keyed; --'] }, "QUERY_REFUSED"],
  ])("with %j is refused", async (onConflict, code) => {
    const error = await rejection(database.open().bulkInsert("keyed", [{ id: 1, n: 1 }], { onConflict }));
    expect(error).toMatchObject({ code });
  });
});

describe("columns", () => {
  it("come from the first row, and a row with another one is refused, since it would be lost in silence", async () => {
    const error = await rejection(database.open().bulkInsert("keyed", [{ id: 1 }, { id: 2, noet: "typo" }]));
    expect(error).toMatchObject({ code: "POSTGRES_INVALID" });
    expect(error.message).toContain("row 1");
  });

  it("that were named are filled, others passed over, missing ones are null", async () => {
    const db = database.open();
    await db.query("truncate keyed");
    await db.bulkInsert("keyed", [{ id: 1, n: 2, extra: "x" }, { id: 2 }], { columns: ["n", "id"] });
    expect((await db.query("select id, n from keyed order by id")).rows).toEqual([
      { id: 1, n: 2 },
      { id: 2, n: null },
    ]);
  });

  it.each([[["id", "id"]], [["nope"]], [[""]], [[]]])("%j are refused", async (columns) => {
    const error = await rejection(database.open().bulkInsert("keyed", [{ id: 1 }], { columns }));
    expect(error).toMatchObject({ code: "POSTGRES_INVALID" });
  });

  it("may change their type between two calls", async () => {
    const db = database.open();
    await db.query("create table growing (id int)");
    await db.bulkInsert("growing", [{ id: 1 }], { strategy: "unnest" });
    await database.observer.query("alter table growing alter id type bigint, add name text");
    await db.bulkInsert("growing", [{ id: 9_007_199_254_740_993n }], { strategy: "unnest" });
    expect(await rejection(db.bulkInsert("growing", [{ id: "x" }]))).toMatchObject({ code: "DATA_INVALID" });
    expect((await db.query("select count(*)::int as count from growing")).rows).toEqual([{ count: 2 }]);
  });
});
