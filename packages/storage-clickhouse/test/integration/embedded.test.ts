import { MemoryDeadLetterStore } from "@chimera/dlq";
import { createChdbConnection } from "chdb/connection";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { ClickHouseAdapter } from "../../src/index.ts";
import { countOf, createEvents, freshTable, open } from "../support/clickhouse.ts";

const directory = mkdtempSync(join(tmpdir(), "chimera-embedded-"));
const deadLetters = new MemoryDeadLetterStore();
let adapter: ClickHouseAdapter;
beforeAll(async () => {
  adapter = await open({ connection: createChdbConnection({ path: directory }), deadLetters });
});
afterAll(async () => {
  await adapter.close();
  rmSync(directory, { recursive: true });
});

describe("with an engine in the process", () => {
  it("rows are written, read and counted as on a server", async () => {
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table);
    const rows = Array.from({ length: 5_000 }, (_, id) => ({ id, name: `évent ${id}` }));
    expect(await writer.writeMany(rows)).toEqual({ stored: 5_000, deadLettered: 0 });
    expect(await countOf(adapter, table)).toEqual({ rows: 5_000, ids: 5_000 });
    const names: unknown[] = [];
    for await (const row of adapter.stream(`SELECT name FROM ${table} ORDER BY id LIMIT 2`))
      names.push(row["name"]);
    expect(names).toEqual(["évent 0", "évent 1"]);
  });

  it("bad rows are taken out, although its errors are of another class", async () => {
    const table = await createEvents(adapter);
    expect(await adapter.insert(table, [{ id: 1 }, { id: "x" }, { id: 3 }])).toEqual({
      stored: 2,
      deadLettered: 1,
    });
  });

  it("an insert's token does not stick to the next statement", async () => {
    const table = await createEvents(adapter);
    await adapter.insert(table, [{ id: 1 }]);
    await adapter.command(`INSERT INTO ${table} (id) SELECT 2`);
    await adapter.command(`INSERT INTO ${table} (id) SELECT 3`);
    expect(await countOf(adapter, table)).toEqual({ rows: 3, ids: 3 });
  });

  it("bytes that are no text are refused, since the engine would change them", async () => {
    const table = await createEvents(adapter);
    const row = { id: 1, name: Uint8Array.from([200, 201]) };
    await expect(adapter.insert(table, [row])).rejects.toMatchObject({ code: "CLICKHOUSE_ROW_INVALID" });
    await using writer = adapter.writer(table);
    await expect(writer.write(row)).rejects.toMatchObject({ code: "CLICKHOUSE_ROW_INVALID" });
  });

  it("health passes, and says which table does not remember batches", async () => {
    expect(await adapter.health()).toMatchObject({ status: "pass", servers: [{ label: "embedded" }] });
    const table = freshTable();
    await adapter.command(`CREATE TABLE ${table} (id UInt8) ENGINE = MergeTree ORDER BY id`);
    adapter.writer(table);
    expect((await adapter.health()).warnings).toEqual([expect.stringContaining(table)]);
  });
});
