import { MemoryDeadLetterStore } from "@chimera/dlq";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ClickHouseAdapter } from "../../src/index.ts";
import type { StoredInsert } from "../../src/index.ts";
import { countOf, createEvents, freshTable, open } from "../support/clickhouse.ts";
import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
let adapter: ClickHouseAdapter;

beforeAll(async () => {
  adapter = await open({ url: server.url });
});
afterAll(async () => adapter.close());

describe("insert", () => {
  it("stores rows as one batch, now", async () => {
    const table = await createEvents(adapter);
    const rows = [
      { id: 1, name: "a" },
      { id: 2, name: "b" },
    ];
    expect(await adapter.insert(table, rows)).toEqual({ stored: 2, deadLettered: 0 });
    expect(await countOf(adapter, table)).toEqual({ rows: 2, ids: 2 });
  });

  it("tells of each insert that was stored, until it is asked to no more", async () => {
    const table = await createEvents(adapter);
    const told: StoredInsert[] = [];
    const off = adapter.onInsert((insert) => {
      told.push(insert);
      // The rows are stored: a listener that fails must not have them sent again.
      throw new Error("a listener's own fault");
    });
    const rows = [{ id: 1 }, { id: "no number" }, { id: 3 }];
    expect(await adapter.insert(table, rows)).toEqual({ stored: 2, deadLettered: 1 });
    off();
    await adapter.insert(table, [{ id: 4 }]);
    expect(await countOf(adapter, table)).toEqual({ rows: 3, ids: 3 });
    const { length: bytes } = '{"id":1}\n{"id":3}\n';
    expect(told.reduce((sum, insert) => sum + insert.rows, 0)).toBe(2);
    expect(told.reduce((sum, insert) => sum + insert.bytes, 0)).toBe(bytes);
    for (const insert of told)
      expect(insert).toMatchObject({ table, durationMs: expect.any(Number) as number });
  });

  it("stores a repeat under the same token once", async () => {
    const table = await createEvents(adapter);
    for (let tries = 0; tries < 3; tries++) await adapter.insert(table, [{ id: 1 }], { token: "order-17" });
    expect(await countOf(adapter, table)).toEqual({ rows: 1, ids: 1 });
  });

  it("sends nothing when a row cannot be encoded, and names it", async () => {
    const table = await createEvents(adapter);
    const rows = [{ id: 1 }, { id: 2, name: () => "x" }];
    await expect(adapter.insert(table, rows)).rejects.toMatchObject({
      code: "CLICKHOUSE_ROW_INVALID",
      message: "Row 1: Field `name` cannot be sent: a function",
    });
    expect(await countOf(adapter, table)).toEqual({ rows: 0, ids: 0 });
  });

  it("takes bad rows out and dead-letters them with their own error", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using strict = await open({ url: server.url, deadLetters });
    const table = await createEvents(adapter);
    const rows = [{ id: 1 }, { id: "x" }, { id: 3 }, { id: 4, nmae: "typo" }];
    expect(await strict.insert(table, rows)).toEqual({ stored: 2, deadLettered: 2 });
    const letters = [];
    for await (const { letter } of deadLetters.list()) letters.push(letter);
    expect(letters).toMatchObject([
      { reason: "rejected", code: "CLICKHOUSE_27", payload: '{"id":"x"}', encoding: "json" },
      { reason: "rejected", code: "CLICKHOUSE_117", payload: '{"id":4,"nmae":"typo"}' },
    ]);
    expect(letters[1]?.message).toContain("nmae");
  });

  it("rejects with the server's own error where nothing is dead-lettered", async () => {
    await using plain = await open({ url: server.url, deadLetters: null });
    const table = await createEvents(adapter);
    await expect(plain.insert(table, [{ id: "x" }])).rejects.toMatchObject({
      code: "CLICKHOUSE_REJECTED",
      retryable: false,
      serverCode: 27,
    });
  });

  it("quotes table names, so that none ends the statement", async () => {
    const table = `${freshTable()}\` (id) FORMAT Null --`;
    await using impatient = await open({ url: server.url, holdForMs: 0, deadLetters: null });
    await expect(impatient.insert(table, [{ id: 1 }])).rejects.toMatchObject({
      code: "CLICKHOUSE_MISCONFIGURED",
      serverCode: 60,
      retryable: true,
    });
  });
});

describe("query, stream and command", () => {
  it("reads rows with parameters and settings", async () => {
    const rows = await adapter.query("SELECT {n: UInt8} AS n", {
      params: { n: 7 },
      settings: { max_threads: 1 },
    });
    expect(rows).toEqual([{ n: 7 }]);
  });

  it("reads rows as they come, and leaving the loop ends it", async () => {
    let sum = 0;
    for await (const { number } of adapter.stream<{ number: string }>("SELECT number FROM numbers(100000)")) {
      sum += Number(number);
      if (Number(number) === 1000) break;
    }
    expect(sum).toBe(500_500);
  });

  it("answers a bad statement with one coded error", async () => {
    await expect(adapter.query("SELEC 1")).rejects.toMatchObject({
      name: "ClickHouseStorageError",
      code: "CLICKHOUSE_REJECTED",
      retryable: false,
      serverCode: 62,
    });
    await expect(adapter.command("DROP TABLE nowhere")).rejects.toMatchObject({
      code: "CLICKHOUSE_MISCONFIGURED",
      retryable: true,
      serverCode: 60,
    });
  });

  it("rejects when its caller aborts", async () => {
    const signal = AbortSignal.timeout(50);
    await expect(adapter.query("SELECT sleep(2)", { signal })).rejects.toMatchObject({
      code: "CLICKHOUSE_ABORTED",
    });
  });
});

describe("health and metrics", () => {
  it("passes with the server's version while it answers", async () => {
    expect(await adapter.health()).toMatchObject({
      status: "pass",
      servers: [{ status: "pass" }],
      alarms: [],
    });
  });

  it("warns about a table that does not remember batches, and says the cure", async () => {
    const table = freshTable();
    await adapter.command(`CREATE TABLE ${table} (id UInt64) ENGINE = MergeTree ORDER BY id`);
    await using other = await open({ url: server.url });
    other.writer(table);
    const before = await other.health();
    expect(before.status).toBe("warn");
    const [warning = ""] = before.warnings;
    expect(warning).toContain("non_replicated_deduplication_window = 1000");
    await adapter.command(warning.slice(warning.indexOf("ALTER TABLE")));
    expect(await other.health()).toMatchObject({ status: "pass", warnings: [] });
  });

  it("fails within its deadline when no server answers", async () => {
    await using dead = await open({ url: "http://127.0.0.1:9" });
    expect(await dead.health({ deadlineMs: 500 })).toMatchObject({
      status: "fail",
      servers: [{ status: "fail", error: { code: "ECONNREFUSED" } }],
    });
  });

  it("counts what was done", async () => {
    await using counted = await open({ url: server.url });
    const table = await createEvents(counted);
    await counted.insert(table, [{ id: 1 }, { id: "x" }]);
    expect(counted.metrics()).toMatchObject({
      rowsStored: 1,
      rowsDeadLettered: 1,
      insertsStored: 1,
      insertsFailed: { row: 2, transient: 0 },
      bufferedRows: 0,
    });
  });
});

describe("opening and closing", () => {
  it("reads its settings from the environment", async () => {
    const environment = { CHIMERA_CLICKHOUSE_URL: server.url, CHIMERA_CLICKHOUSE_MAX_ROWS: "10" };
    await using configured = await ClickHouseAdapter.fromEnv(environment);
    expect(await configured?.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("refuses calls after close, with one code", async () => {
    const closed = await open({ url: server.url });
    const writer = closed.writer("anything");
    await closed.close();
    await expect(closed.query("SELECT 1")).rejects.toMatchObject({ code: "CLICKHOUSE_CLOSED" });
    await expect(writer.write({ id: 1 })).rejects.toMatchObject({ code: "CLICKHOUSE_CLOSED" });
    expect(() => closed.writer("anything")).toThrow(expect.objectContaining({ code: "CLICKHOUSE_CLOSED" }));
  });
});
