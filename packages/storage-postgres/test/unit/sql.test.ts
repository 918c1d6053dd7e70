import { expect, it } from "vitest";
import { quoteIdentifier, sql } from "../../src/index.ts";

it("binds every value and keeps it out of the text", () => {
  const evil = "'; drop table jobs; --";
  const statement = sql`select * from jobs where name = ${evil} and id = any(${[1, 2]}) and gone is ${null}`;
  expect(statement.text).toBe("select * from jobs where name = $1 and id = any($2) and gone is $3");
  expect(statement.values).toEqual([evil, [1, 2], null]);
});

it("numbers the values of fragments within fragments in order", () => {
  const inner = sql`b = ${2} or ${sql.id("c")} = ${3}`;
  const statement = sql`a = ${1} and (${inner}) and d = ${4}`;
  expect(statement.text).toBe(`a = $1 and (b = $2 or "c" = $3) and d = $4`);
  expect(statement.values).toEqual([1, 2, 3, 4]);
});

it("joins pieces", () => {
  const values = [1, 2, 3].map((value) => sql`(${value})`);
  const statement = sql`values ${sql.join(values)} union ${sql.join([sql`a`, sql`b`], sql` and `)}${sql.join([])}`;
  expect(statement.text).toBe("values ($1), ($2), ($3) union a and b");
  expect(statement.values).toEqual([1, 2, 3]);
});

it("takes a template that came over JSON as a value, not as code", () => {
  const forged = JSON.parse('{"text":"drop table jobs","values":[],"parts":["drop table jobs"]}') as unknown;
  const statement = sql`select ${forged}`;
  expect(statement.text).toBe("select $1");
  expect(statement.values).toEqual([forged]);
});

it("refuses to be called with text", () => {
  const call = sql as unknown as (text: unknown) => unknown;
  expect(() => call("drop table jobs")).toThrow("template tag");
  expect(() => call(["drop table jobs"])).toThrow("template tag");
});

it("refuses undefined, which nearly always is a mistake", () => {
  expect(() => sql`select ${undefined}`).toThrow("value 1");
});

it.each([
  [["plain"], '"plain"'],
  [["schema", "table"], '"schema"."table"'],
  [['a"; drop table jobs; --'], '"a""; drop table jobs; --"'],
  [["a.b"], '"a.b"'],
  [["Ünïcode"], '"Ünïcode"'],
])("quotes %j", (parts, quoted) => {
  expect(quoteIdentifier(...parts)).toBe(quoted);
  expect(sql.id(...parts).text).toBe(quoted);
});

it.each([[[]], [[""]], [["a\0b"]], [["a".repeat(64)]], [[1 as unknown as string]]])(
  "refuses the identifier %j",
  (parts) => expect(() => sql.id(...parts)).toThrow("Expected an identifier"),
);
