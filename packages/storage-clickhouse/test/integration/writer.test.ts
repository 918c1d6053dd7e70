import { MemoryDeadLetterStore } from "@chimera/dlq";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { ClickHouseAdapter } from "../../src/index.ts";
import { countOf, createEvents, open } from "../support/clickhouse.ts";
import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
const deadLetters = new MemoryDeadLetterStore();
let adapter: ClickHouseAdapter;

beforeAll(async () => {
  adapter = await open({ url: server.url, deadLetters });
});
afterAll(async () => adapter.close());

describe("write", () => {
  it("resolves when the row's batch is stored", async () => {
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table);
    expect(await writer.write({ id: 1, name: "a" })).toBe("stored");
    expect(await countOf(adapter, table)).toEqual({ rows: 1, ids: 1 });
  });

  it("gathers many calls into few inserts", async () => {
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table);
    const before = adapter.metrics().insertsStored;
    const results = await Promise.all(
      Array.from({ length: 25_000 }, async (_, id) => writer.write({ id, name: `event ${id}` })),
    );
    expect(new Set(results)).toEqual(new Set(["stored"]));
    expect(await countOf(adapter, table)).toEqual({ rows: 25_000, ids: 25_000 });
    expect(adapter.metrics().insertsStored - before).toBeLessThanOrEqual(4);
  });

  it("does not hold a caller that awaits each row to one row per maxDelayMs", async () => {
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table, { maxDelayMs: 60_000 });
    for (let id = 0; id < 10; id++) await writer.write({ id });
    expect(await countOf(adapter, table)).toEqual({ rows: 10, ids: 10 });
  });

  it("answers dead-lettered for exactly the bad rows", async () => {
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table);
    const results = await Promise.all(
      Array.from({ length: 1_000 }, async (_, id) => writer.write({ id: id % 300 === 7 ? "bad" : id })),
    );
    const bad = results.flatMap((result, id) => (result === "dead-lettered" ? [id] : []));
    expect(bad).toEqual([7, 307, 607, 907]);
    expect(await countOf(adapter, table)).toEqual({ rows: 996, ids: 996 });
  });
});

describe("writeMany", () => {
  it("reads an iterable as fast as the buffer takes it", async () => {
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table, {
      maxRows: 1_000,
      maxBytes: 65_536,
      maxBufferedBytes: 131_072,
    });
    let mostBuffered = 0;
    function* rows(): Generator<{ id: number; name: string }> {
      for (let id = 0; id < 30_000; id++) {
        mostBuffered = Math.max(mostBuffered, writer.gauges.bufferedBytes);
        yield { id, name: `event ${id}` };
      }
    }
    expect(await writer.writeMany(rows())).toEqual({ stored: 30_000, deadLettered: 0 });
    expect(mostBuffered).toBeLessThanOrEqual(131_072);
    expect(await countOf(adapter, table)).toEqual({ rows: 30_000, ids: 30_000 });
  });

  it("settles the rows before a bad one, then rejects", async () => {
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table);
    const rows = [{ id: 1 }, { id: 2 }, { id: Symbol("x") }];
    await expect(writer.writeMany(rows)).rejects.toMatchObject({ code: "CLICKHOUSE_ROW_INVALID" });
    expect(await countOf(adapter, table)).toEqual({ rows: 2, ids: 2 });
  });
});

describe("flush and close", () => {
  it("flush sends what waits and resolves when its fate is known", async () => {
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table, { maxDelayMs: 3_600_000, minGapMs: 60_000 });
    await writer.write({ id: 0 });
    const writes = [writer.write({ id: 1 }), writer.write({ id: 2 })];
    await writer.flush();
    expect(await Promise.all(writes)).toEqual(["stored", "stored"]);
  });

  it("close sends what waits", async () => {
    const table = await createEvents(adapter);
    const writer = adapter.writer(table, { maxDelayMs: 3_600_000, minGapMs: 60_000 });
    await writer.write({ id: 0 });
    const last = writer.write({ id: 1 });
    await writer.close();
    expect(await last).toBe("stored");
    await expect(writer.write({ id: 2 })).rejects.toMatchObject({ code: "CLICKHOUSE_CLOSED" });
  });
});
