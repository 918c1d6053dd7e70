import { MemoryDeadLetterStore } from "@chimera/dlq";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { ClickHouseAdapter } from "../../src/index.ts";
import { freshTable, open } from "../support/clickhouse.ts";
import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
const deadLetters = new MemoryDeadLetterStore();
let adapter: ClickHouseAdapter;
beforeAll(async () => {
  adapter = await open({ url: server.url, deadLetters });
});
afterAll(async () => adapter.close());

/** Stores one value in a column and reads it back as text or hex. */
async function roundTrip(type: string, value: unknown, read = "toString(v)"): Promise<unknown> {
  const table = freshTable();
  await adapter.command(`CREATE TABLE ${table} (id UInt8, v ${type}) ENGINE = MergeTree ORDER BY id`);
  await adapter.insert(table, [{ id: 1, v: value }]);
  const [row] = await adapter.query<{ v: unknown }>(`SELECT ${read} AS v FROM ${table}`);
  return row?.v ?? "not stored";
}

describe("a value arrives as it was", () => {
  it.each([
    ["UInt64", 2n ** 64n - 1n, "18446744073709551615"],
    ["Int256", -(2n ** 200n), String(-(2n ** 200n))],
    ["String", 2n ** 64n, "18446744073709551616"],
    ["Float64", Number.NaN, "nan"],
    ["Float64", -Infinity, "-inf"],
    ["DateTime64(3, 'UTC')", new Date(1_700_000_000_123), "2023-11-14 22:13:20.123"],
    ["DateTime('UTC')", new Date(1_700_000_000_123), "2023-11-14 22:13:20"],
    ["DateTime('Asia/Tokyo')", new Date(1_700_000_000_000), "2023-11-15 07:13:20"],
    ["String", 'líne\n\u0000\u2028 𝄞 "\\', 'líne\n\u0000\u2028 𝄞 "\\'],
    ["Map(String, UInt8)", { a: 1 }, "{'a':1}"],
    ["Array(Nullable(UInt64))", [1n, null], "[1,NULL]"],
  ])("%s: %s", async (type, value, expected) => {
    expect(await roundTrip(type, value)).toBe(expected);
  });

  it.each([["String"], ["FixedString(256)"]])("every byte there is, in a %s", async (type) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect(await roundTrip(type, bytes, "hex(v)")).toBe(Buffer.from(bytes).toString("hex").toUpperCase());
  });

  it("undefined as the column's default", async () => {
    expect(await roundTrip("String DEFAULT 'unset'", undefined)).toBe("unset");
  });
});

describe("a value that its column cannot take", () => {
  it.each([
    ["Date", new Date(1_700_000_000_123)],
    ["UInt8", "x"],
    ["Int64", Number.NaN],
    ["Enum8('a' = 1)", "b"],
    ["String", "\uD800"],
  ])("is dead-lettered with the server's reason: %s", async (type, value) => {
    const before = (await deadLetters.stats()).count;
    expect(await roundTrip(type, value)).toBe("not stored");
    expect((await deadLetters.stats()).count).toBe(before + 1);
  });
});

describe("strict", () => {
  it("false lets the server drop fields that no column takes", async () => {
    await using lax = await open({ url: server.url, strict: false });
    const table = freshTable();
    await lax.command(`CREATE TABLE ${table} (id UInt8) ENGINE = MergeTree ORDER BY id`);
    expect(await lax.insert(table, [{ id: 1, more: "x" }])).toEqual({ stored: 1, deadLettered: 0 });
  });
});
