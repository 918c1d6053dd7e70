import { MemoryDeadLetterStore, replay } from "@chimera/dlq";
import { afterAll, describe, expect, it } from "vitest";

import { startModern, startOld } from "../support/engines.ts";
import type { Engine } from "../support/engines.ts";
import { countOf, freshTable, open } from "../support/clickhouse.ts";

const old = await startOld();
if ("missing" in old) console.warn(`Skipped on ClickHouse 18.16: ${old.missing}`);
const engines: Engine[] = [await startModern(), ...("missing" in old ? [] : [old])];

afterAll(async () => {
  for (const { service } of engines) await service.stop();
});

const ROWS = 10_000;
/** What is wrong with a row, in the order in which rows take turns. */
const BAD_IDS = ["seven", -1.5, { nested: true }, "18446744073709551616x"];

describe.each(engines)("on ClickHouse $name, bad rows among 10 000", (engine) => {
  it.each([0, 1, 3, 10])("%i cost at most 2k + 1 inserts, and only they are dead-lettered", async (k) => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ url: engine.service.url, deadLetters });
    const table = freshTable();
    await adapter.command(engine.createEvents(table));
    const bad = new Map(
      Array.from({ length: k }, (_, n) => [Math.floor(((n + 0.5) * ROWS) / k), BAD_IDS[n % BAD_IDS.length]]),
    );
    const rows = Array.from({ length: ROWS }, (_, id) => ({ id: bad.get(id) ?? id, name: `event ${id}` }));
    await using writer = adapter.writer(table);
    expect(await writer.writeMany(rows)).toEqual({ stored: ROWS - k, deadLettered: k });

    const { insertsStored, insertsFailed } = adapter.metrics();
    expect(insertsStored + insertsFailed.row).toBeLessThanOrEqual(2 * k + 1);
    expect(await countOf(adapter, table)).toEqual({ rows: ROWS - k, ids: ROWS - k });
    const payloads: string[] = [];
    for await (const { letter } of deadLetters.list()) {
      payloads.push(letter.payload);
      expect(letter).toMatchObject({ reason: "rejected", headers: { rows: "1" } });
      // Its own error: the row was the first and only one of the insert that the message is about.
      expect(letter.message).toMatch(/row 1\b/);
    }
    expect(payloads).toEqual([...bad.keys()].map((id) => JSON.stringify(rows[id])));
  });

  it("are not looked for one by one when there is no end of them", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ url: engine.service.url, deadLetters, maxBadRows: 20 });
    const table = freshTable();
    await adapter.command(engine.createEvents(table));
    await using writer = adapter.writer(table, { maxRows: 1_000, concurrency: 1 });
    const rows = Array.from({ length: 3_000 }, (_, id) => ({ id, unknown_field: 1 }));
    expect(await writer.writeMany(rows)).toEqual({ stored: 0, deadLettered: 3_000 });
    // 20 bad rows in the first batch, then 2, then 1: two inserts each, and the batch itself.
    expect(adapter.metrics().insertsFailed.row).toBe(41 + 5 + 3);
  });
});

describe("a row that a materialized view cannot take", () => {
  it("is not looked for, since the table has all of them: they are there once, and in the view after a replay", async () => {
    const [modern] = engines;
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ url: modern?.service.url ?? "", deadLetters });
    const table = freshTable();
    const view = `view_of_${table}`;
    await adapter.command(modern?.createEvents(table) ?? "");
    const feed = (number: string): string =>
      `CREATE MATERIALIZED VIEW ${view} ENGINE = MergeTree ORDER BY n AS SELECT ${number} AS n FROM ${table}`;
    await adapter.command(feed("toUInt64(name)"));
    const rows = Array.from({ length: 10 }, (_, id) => ({ id, name: id === 4 ? "four" : String(id) }));
    expect(await adapter.insert(table, rows)).toEqual({ stored: 0, deadLettered: 10 });
    expect(await countOf(adapter, table)).toEqual({ rows: 10, ids: 10 });

    await adapter.command(`DROP TABLE ${view}`);
    await adapter.command(feed("toUInt64OrZero(name)"));
    expect(await replay(deadLetters, adapter.replayTarget())).toMatchObject({ ended: "done", taken: 1 });
    expect(await countOf(adapter, table)).toEqual({ rows: 10, ids: 10 });
    expect(await adapter.query(`SELECT toUInt32(count()) AS count FROM ${view}`)).toEqual([{ count: 10 }]);
  });
});

describe("a violated constraint", () => {
  it("is about its row", async () => {
    const [modern] = engines;
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ url: modern?.service.url ?? "", deadLetters });
    const table = freshTable();
    await adapter.command(
      `CREATE TABLE ${table} (id UInt64, depth Float64, CONSTRAINT below CHECK depth >= 0) ENGINE = MergeTree ORDER BY id`,
    );
    const rows = Array.from({ length: 100 }, (_, id) => ({ id, depth: id === 42 ? -3 : id }));
    expect(await adapter.insert(table, rows)).toEqual({ stored: 99, deadLettered: 1 });
    for await (const { letter } of deadLetters.list()) {
      expect(letter).toMatchObject({ code: "CLICKHOUSE_469", payload: '{"id":42,"depth":-3}' });
    }
    expect(adapter.metrics().insertsFailed.row).toBe(2);
  });
});
