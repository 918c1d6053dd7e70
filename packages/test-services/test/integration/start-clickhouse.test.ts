import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import type { ClickHouseClient } from "@clickhouse/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { startClickHouse } from "../../src/index.ts";
import type { TestService } from "../../src/index.ts";

let service: TestService;
const clients: ClickHouseClient[] = [];

function client(options: Parameters<typeof createClient>[0] = {}): ClickHouseClient {
  const made = createClient({ url: service.url, log: { level: ClickHouseLogLevel.OFF }, ...options });
  clients.push(made);
  return made;
}

async function rows(
  using: ClickHouseClient,
  query: string,
  parameters: Record<string, unknown> = {},
): Promise<unknown[]> {
  const result = await using.query({ query, query_params: parameters, format: "JSONEachRow" });
  return result.json();
}

beforeAll(async () => {
  service = await startClickHouse();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map(async (open) => open.close()));
});
afterAll(async () => {
  await service.stop();
});

describe("startClickHouse, seen through the unmodified @clickhouse/client", () => {
  it("answers a ping and a query", async () => {
    expect(await client().ping()).toEqual({ success: true });
    expect(await client().ping({ select: true })).toEqual({ success: true });
    expect(await rows(client(), "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("refuses a wrong password with code 516", async () => {
    const stranger = client({ url: service.url.replace(/:[^:@]+@/, ":wrong@") });
    await expect(stranger.query({ query: "SELECT 1" })).rejects.toMatchObject({
      code: "516",
      type: "AUTHENTICATION_FAILED",
    });
  });

  it("gives errors of the engine with code and type", async () => {
    await expect(client().query({ query: "SELECT * FROM nowhere" })).rejects.toMatchObject({
      code: "60",
      type: "UNKNOWN_TABLE",
    });
    await expect(client().query({ query: "SELEC 1" })).rejects.toMatchObject({
      code: "62",
      type: "SYNTAX_ERROR",
    });
    await expect(
      client().query({ query: "SELECT 1", clickhouse_settings: { no_such_setting: 1 } }),
    ).rejects.toMatchObject({ code: "115" });
  });

  it("inserts and counts the rows, also with gzip both ways", async () => {
    const using = client({ compression: { request: true, response: true } });
    await using.command({
      query: "CREATE TABLE quakes (id UInt32, place String) ENGINE = MergeTree ORDER BY id",
    });
    const values = Array.from({ length: 1_000 }, (_, id) => ({ id, place: `place ${id}` }));
    const { summary } = await using.insert({ table: "quakes", values, format: "JSONEachRow" });
    expect(summary?.written_rows).toBe("1000");
    expect(await rows(using, "SELECT count()::UInt32 AS count FROM quakes")).toEqual([{ count: 1_000 }]);
  });

  it("binds parameters of any text", async () => {
    const text = "tab\t line\n quote' back\\slash ünïcode";
    expect(await rows(client(), "SELECT {text:String} AS text, {id:UInt8} AS id", { text, id: 7 })).toEqual([
      { text, id: 7 },
    ]);
  });

  it("binds parameters of queries that run at once, each its own", async () => {
    const ids = Array.from({ length: 20 }, (_, id) => id);
    const found = await Promise.all(ids.map(async (id) => rows(client(), "SELECT {id:UInt8} AS id", { id })));
    expect(found.flat()).toEqual(ids.map((id) => ({ id })));
  });

  it("keeps a setting to the request that sent it", async () => {
    const query = "SELECT getSetting('max_block_size')::UInt32 AS size";
    const sent = await client().query({
      query,
      format: "JSONEachRow",
      clickhouse_settings: { max_block_size: "17" },
    });
    expect(await sent.json()).toEqual([{ size: 17 }]);
    expect(await rows(client(), query)).not.toEqual([{ size: 17 }]);
  });

  it("keeps a named session, and locks it while it is busy", async () => {
    const named = client({ session_id: "a" });
    await named.command({ query: "CREATE TEMPORARY TABLE notes (n UInt8)" });
    expect(await rows(named, "SELECT count()::UInt8 AS count FROM notes")).toEqual([{ count: 0 }]);
    await expect(rows(client(), "SELECT * FROM notes")).rejects.toMatchObject({ code: "60" });
    const busy = rows(named, "SELECT sleep(0.3)");
    await expect(rows(client({ session_id: "a" }), "SELECT 1")).rejects.toMatchObject({ code: "373" });
    await busy;
  });

  it("drops a batch with a token that it has seen, and names the row that it cannot parse", async () => {
    const using = client();
    await using.command({
      query:
        "CREATE TABLE once (id UInt32) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100",
    });
    const insert = async (ids: readonly unknown[]): Promise<unknown> =>
      using.insert({
        table: "`once`",
        values: ids.map((id) => ({ id })),
        format: "JSONEachRow",
        clickhouse_settings: { insert_deduplication_token: "t", async_insert: 0 },
      });
    await insert([1, 2]);
    await insert([1, 2]);
    expect(await rows(using, "SELECT id FROM once ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }]);
    await expect(insert([3, "x"])).rejects.toThrow(/\(at row 2\)/);
  });

  it("takes an INSERT with its data in the SQL", async () => {
    const using = client();
    await using.command({ query: "CREATE TABLE inline (id UInt32, s String) ENGINE = Memory" });
    await using.command({ query: "INSERT INTO inline VALUES (1, 'a'), (2, 'b')" });
    expect(await rows(using, "SELECT s FROM inline ORDER BY id")).toEqual([{ s: "a" }, { s: "b" }]);
  });

  it("keeps what it answered over kill9 and restart, on the same URL", async () => {
    const using = client();
    await using.command({ query: "CREATE TABLE kept (id UInt32) ENGINE = MergeTree ORDER BY id" });
    await using.insert({ table: "kept", values: [{ id: 1 }], format: "JSONEachRow" });
    const { url } = service;
    await service.kill9();
    expect(await client().ping()).toMatchObject({ success: false });
    await service.restart();
    expect(service.url).toBe(url);
    expect(await rows(client(), "SELECT id FROM kept")).toEqual([{ id: 1 }]);
  });
});
