import { describe, expect, it } from "vitest";

import { parseInsert } from "../../src/clickhouse/insert-statement.ts";

describe("an INSERT is taken apart", () => {
  it("with a plain table", () => {
    expect(parseInsert("INSERT INTO quakes FORMAT JSONEachRow\n")).toEqual({
      table: "quakes",
      columns: undefined,
      settings: undefined,
      format: "JSONEachRow",
    });
  });

  it("with quoted names, columns and settings", () => {
    const sql = "insert into `db`.\"t\" (`a`, b) SETTINGS async_insert=0, x='y' format CSV";
    expect(parseInsert(sql)).toEqual({
      table: "db.t",
      columns: ["a", "b"],
      settings: "async_insert=0, x='y'",
      format: "CSV",
    });
  });
});

describe("a statement goes to the engine as SQL", () => {
  it.each([
    ["it is no INSERT", "SELECT 1 FORMAT JSONEachRow"],
    ["its data are in it", "INSERT INTO t VALUES (1)"],
    ["it inserts a SELECT", "INSERT INTO t SELECT 1 FORMAT JSONEachRow"],
    ["its format is binary", "INSERT INTO t FORMAT Native"],
    ["its table has an unusual name", "INSERT INTO `odd name` FORMAT JSONEachRow"],
    ["it leaves columns out", "INSERT INTO t (* EXCEPT(a)) FORMAT JSONEachRow"],
  ])("when %s", (_reason, sql) => {
    expect(parseInsert(sql)).toBeUndefined();
  });
});
