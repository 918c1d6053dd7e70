import { FileDeadLetterStore, MemoryDeadLetterStore, replay, silentLogger } from "@chimera/dlq";
import type { DeadLetter, DeadLetterStore } from "@chimera/dlq";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { countOf, createEvents, freshTable, open } from "../support/clickhouse.ts";
import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
const QUICK = { backoff: { baseDelayMs: 10, maxDelayMs: 50 }, breakerMaxOpenMs: 50, requestTimeoutMs: 1_000 };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "chimera-letters-"));
});
afterEach(async () => rm(directory, { recursive: true }));

async function lettersOf(store: DeadLetterStore): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { letter } of store.list()) letters.push(letter);
  return letters;
}

describe("failed inserts", () => {
  it("go to the dead-letter file with time and payload, and are replayed when the database is back", async () => {
    const path = join(directory, "dlq.jsonl");
    await using deadLetters = new FileDeadLetterStore({ path, logger: silentLogger });
    await using adapter = await open({ ...QUICK, url: server.url, deadLetters, retryForMs: 200 });
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table);

    await server.service.kill9();
    const before = Date.now();
    const rows = Array.from({ length: 100 }, (_, id) => ({ id, name: `event ${id}` }));
    expect(await writer.writeMany(rows)).toEqual({ stored: 0, deadLettered: 100 });

    const [letter] = await lettersOf(deadLetters);
    expect(letter).toMatchObject({
      target: `clickhouse:${table}`,
      reason: "undeliverable",
      code: "ECONNREFUSED",
      headers: { rows: "100" },
      payload: rows.map((row) => JSON.stringify(row)).join("\n"),
    });
    expect(Date.parse(letter?.ts ?? "")).toBeGreaterThanOrEqual(before);
    expect(letter?.attempts).toBeGreaterThan(1);
    expect(await readFile(path, "utf8")).toContain("event 99");

    await server.service.restart();
    expect(await replay(deadLetters, adapter.replayTarget())).toMatchObject({
      ended: "done",
      taken: 1,
      failed: 0,
    });
    expect(await countOf(adapter, table)).toEqual({ rows: 100, ids: 100 });
    expect(await deadLetters.stats()).toMatchObject({ count: 0 });
  });

  it("are not doubled by a replay when they had been stored all along", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ url: server.url, deadLetters });
    const table = await createEvents(adapter);
    await adapter.insert(table, [{ id: 1, name: "a" }], { token: "batch-1" });
    const now = new Date().toISOString();
    const letter: DeadLetter = {
      v: 1,
      id: "x",
      ts: now,
      source: "test",
      target: `clickhouse:${table}`,
      reason: "undeliverable",
      message: "the reply was lost",
      attempts: 1,
      errors: [],
      firstTs: now,
      token: "batch-1",
      replays: 0,
      encoding: "json",
      payload: '{"id":1,"name":"a"}',
    };
    await deadLetters.append([letter]);
    expect(await replay(deadLetters, adapter.replayTarget())).toMatchObject({ taken: 1 });
    expect(await countOf(adapter, table)).toEqual({ rows: 1, ids: 1 });
  });

  it("that hold bad rows are replayed without them, and those become letters of their own", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ ...QUICK, url: server.url, deadLetters, holdForMs: 0 });
    const table = freshTable();
    const rows = [{ id: 1 }, { id: "x" }, { id: 3 }];
    expect(await adapter.insert(table, rows)).toEqual({ stored: 0, deadLettered: 3 });
    await createEvents(adapter, table);
    expect(await replay(deadLetters, adapter.replayTarget())).toMatchObject({ ended: "done", taken: 1 });
    expect(await countOf(adapter, table)).toEqual({ rows: 2, ids: 2 });
    const left = await lettersOf(deadLetters);
    expect(left).toMatchObject([
      { reason: "rejected", code: "CLICKHOUSE_27", payload: '{"id":"x"}', replays: 1 },
    ]);
  });

  it("keep each bad row apart from the others, however long the token that they came under", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ ...QUICK, url: server.url, deadLetters });
    const table = await createEvents(adapter);
    const rows = [{ id: "x" }, { id: 2 }, { id: "y" }, { id: "z" }];
    // As long as that of what is left of a batch without a hundred bad rows, which grows at each replay.
    const token = `${"0123456789,".repeat(50)}1`;
    expect(await adapter.insert(table, rows, { token })).toEqual({ stored: 1, deadLettered: 3 });
    const payloads = (await lettersOf(deadLetters)).map(({ payload }) => payload);
    expect(payloads).toEqual(['{"id":"x"}', '{"id":"y"}', '{"id":"z"}']);
  });

  it("keep bytes that are no text", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ ...QUICK, url: server.url, deadLetters, holdForMs: 0 });
    const table = freshTable();
    await adapter.insert(table, [{ id: 1, name: Uint8Array.from([1, 200, 255]) }]);
    expect(await lettersOf(deadLetters)).toMatchObject([{ encoding: "base64" }]);
    await createEvents(adapter, table);
    await replay(deadLetters, adapter.replayTarget());
    expect(await adapter.query(`SELECT hex(name) AS name FROM ${table}`)).toEqual([{ name: "01C8FF" }]);
  });
});

describe("a replay", () => {
  it("into another table, when told so", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ ...QUICK, url: server.url, deadLetters, holdForMs: 0 });
    await adapter.insert("no_such_table", [{ id: 1 }]);
    const table = await createEvents(adapter);
    await replay(deadLetters, adapter.replayTarget({ table }));
    expect(await countOf(adapter, table)).toEqual({ rows: 1, ids: 1 });
  });

  it("stops and says why while the table is still missing; the letter stays", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ ...QUICK, url: server.url, deadLetters, holdForMs: 0 });
    await adapter.insert("no_such_table", [{ id: 1 }]);
    const options = { maxTries: 2, backoff: { baseDelayMs: 1, maxDelayMs: 1 } };
    const report = await replay(deadLetters, adapter.replayTarget(), options);
    expect(report).toMatchObject({ ended: "target-unavailable", error: { serverCode: 60 } });
    expect(await lettersOf(deadLetters)).toHaveLength(1);
  });

  it("refuses letters for something else", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ url: server.url, deadLetters });
    const now = new Date().toISOString();
    const letter: DeadLetter = {
      v: 1,
      id: "x",
      ts: now,
      source: "test",
      target: "queue:emails",
      reason: "exhausted",
      message: "x",
      attempts: 1,
      errors: [],
      firstTs: now,
      replays: 0,
      encoding: "json",
      payload: "{}",
    };
    const [outcome] = await adapter.replayTarget().take([{ letter, replayId: "r" }], {});
    expect(outcome).toMatchObject({ status: "failed", error: { code: "CLICKHOUSE_INVALID" } });
  });
});

describe("when the dead-letter store fails too", () => {
  it("the write rejects with a retryable error, and health raises an alarm", async () => {
    const closed = new MemoryDeadLetterStore();
    await closed.close();
    await using adapter = await open({ ...QUICK, url: server.url, deadLetters: closed });
    await using writer = adapter.writer(await createEvents(adapter));
    await expect(writer.write({ id: "x" })).rejects.toMatchObject({
      code: "CLICKHOUSE_DEAD_LETTERS_FAILED",
      retryable: true,
    });
    expect(await adapter.health()).toMatchObject({
      status: "fail",
      alarms: [{ code: "CLICKHOUSE_DEAD_LETTERS_FAILED" }],
    });
  });
});
