import { MemoryDeadLetterStore } from "@chimera/dlq";
import { startClickHouse18 } from "@chimera/test-services";
import { afterAll, describe, expect, it } from "vitest";

import type { ClickHouseAdapter } from "../../src/index.ts";
import { countOf, freshTable, open } from "../support/clickhouse.ts";

const server = await startClickHouse18();
if ("missing" in server) console.warn(`Skipped on ClickHouse 18.16: ${server.missing}`);
afterAll(async () => {
  if (!("missing" in server)) await server.stop();
});

describe.skipIf("missing" in server)("on ClickHouse 18.16", () => {
  const url = "missing" in server ? "" : server.url;

  async function events(adapter: ClickHouseAdapter): Promise<string> {
    const table = freshTable();
    await adapter.command(
      `CREATE TABLE ${table} (id UInt64, name String, at DateTime, f Float64) ENGINE = MergeTree ORDER BY id`,
    );
    return table;
  }

  it("rows are stored, without the settings it does not know", async () => {
    await using adapter = await open({ url });
    const table = await events(adapter);
    await using writer = adapter.writer(table);
    const rows = Array.from({ length: 5_000 }, (_, id) => ({ id, name: `event ${id}` }));
    expect(await writer.writeMany(rows)).toEqual({ stored: 5_000, deadLettered: 0 });
    expect(await countOf(adapter, table)).toEqual({ rows: 5_000, ids: 5_000 });
  });

  it("bad rows are taken out by the number in its error's text", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ url, deadLetters });
    const table = await events(adapter);
    const rows = Array.from({ length: 1_000 }, (_, id) => ({ id: id % 400 === 17 ? "bad" : id }));
    expect(await adapter.insert(table, rows)).toEqual({ stored: 997, deadLettered: 3 });
    const inserts = adapter.metrics();
    expect(inserts.insertsStored + inserts.insertsFailed.row).toBe(7);
    expect(await countOf(adapter, table)).toEqual({ rows: 997, ids: 997 });
  });

  it("unknown fields are refused by name", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ url, deadLetters });
    const table = await events(adapter);
    expect(await adapter.insert(table, [{ id: 1 }, { id: 2, nmae: "x" }])).toEqual({
      stored: 1,
      deadLettered: 1,
    });
    for await (const { letter } of deadLetters.list()) expect(letter.message).toContain("nmae");
  });

  it("dates, large numbers, NaN and bytes arrive as they were", async () => {
    await using adapter = await open({ url });
    const table = await events(adapter);
    await adapter.insert(table, [
      {
        id: 2n ** 64n - 1n,
        name: Uint8Array.from([0, 255, 10]),
        at: new Date(1_700_000_000_000),
        f: Number.NaN,
      },
    ]);
    const rows = await adapter.query(
      `SELECT toString(id) AS id, hex(name) AS name, toUInt32(at) AS at, isNaN(f) AS f FROM ${table}`,
    );
    expect(rows).toEqual([{ id: "18446744073709551615", name: "00FF0A", at: 1_700_000_000, f: 1 }]);
  });

  it("a bad statement's number is read from its text", async () => {
    await using adapter = await open({ url });
    await expect(adapter.query("SELECT * FROM nowhere")).rejects.toMatchObject({ serverCode: 60 });
  });

  it("health says that it knows no tokens", async () => {
    await using adapter = await open({ url });
    adapter.writer(await events(adapter));
    const health = await adapter.health();
    expect(health).toMatchObject({
      status: "warn",
      servers: [{ version: expect.stringMatching(/^18\.16/) as string }],
    });
    expect(health.warnings).toEqual([expect.stringContaining("knows no tokens")]);
  });
});
