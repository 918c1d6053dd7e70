import { describe, expect, it } from "vitest";

import { encodeRow } from "../../src/rows/row-encoder.ts";

const text = (row: object): string => encodeRow(row).toString();

describe("a row is encoded", () => {
  it("as JSON, to the letter", () => {
    const row = { a: 1, b: "x\ny", c: null, d: [1, "2"], e: { f: true } };
    expect(encodeRow(row)).toBe('{"a":1,"b":"x\\ny","c":null,"d":[1,"2"],"e":{"f":true}}');
  });

  it("a BigInt as its digits in quotes, at any depth", () => {
    expect(text({ id: 18_446_744_073_709_551_615n, nested: { list: [1n] } })).toBe(
      '{"id":"18446744073709551615","nested":{"list":["1"]}}',
    );
  });

  it("a Date as ISO 8601 with milliseconds", () => {
    expect(text({ ts: new Date(1_700_000_000_123) })).toBe('{"ts":"2023-11-14T22:13:20.123Z"}');
    expect(text({ id: 1n, ts: new Date(1_700_000_000_123) })).toBe(
      '{"id":"1","ts":"2023-11-14T22:13:20.123Z"}',
    );
  });

  it("NaN and the infinities by name", () => {
    expect(text({ a: Number.NaN, b: Infinity, c: -Infinity })).toBe('{"a":"nan","b":"inf","c":"-inf"}');
  });

  it("a Uint8Array as a string of exactly its bytes", () => {
    const encoded = encodeRow({ id: 1, hash: Uint8Array.from([0x00, 0x22, 0x5c, 0x41, 0x80, 0xff]) });
    const expected = [
      Buffer.from('{"id":1,"hash":"\\u0000\\"\\\\A'),
      Buffer.from([0x80, 0xff]),
      Buffer.from('"}'),
    ];
    expect(encoded).toEqual(Buffer.concat(expected));
  });

  it("without its undefined fields", () => {
    expect(text({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(text({ a: undefined, b: 1n, c: { d: undefined } })).toBe('{"b":"1","c":{}}');
  });

  it("with what toJSON says", () => {
    const money = { toJSON: () => "12.30" };
    expect(text({ price: money })).toBe('{"price":"12.30"}');
    expect(text({ id: 1n, price: money })).toBe('{"id":"1","price":"12.30"}');
  });
});

describe("a row is refused, and the field named,", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  it.each([
    ["an invalid Date", { at: new Date(Number.NaN) }, "Field `at` cannot be sent: an invalid Date"],
    ["a function", { f: () => 1 }, "Field `f` cannot be sent: a function"],
    ["a symbol", { s: Symbol("x") }, "Field `s` cannot be sent: a symbol"],
    ["a Map", { m: new Map() }, "Field `m` cannot be sent: a Map; pass Object.fromEntries(map)"],
    ["a Set", { tags: new Set() }, "Field `tags` cannot be sent: a Set; pass [...set]"],
    ["numbers in a typed array", { v: new Float32Array(2) }, "Field `v` cannot be sent: a Float32Array"],
    ["undefined inside an array", { tags: ["a", undefined] }, "Field `tags[1]` cannot be sent: undefined"],
    ["a bad value deep inside", { a: { b: [{ c: Symbol("x") }] } }, "Field `a.b[0].c` cannot be sent"],
    ["a cycle", cyclic, "nested deeper than 64 levels, or in a cycle"],
    ["an array in place of a row", [1], "The row cannot be sent: a row must be an object"],
  ])("%s", (_name, row, message) => {
    expect(() => encodeRow(row)).toThrow(
      expect.objectContaining({
        code: "CLICKHOUSE_ROW_INVALID",
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});
