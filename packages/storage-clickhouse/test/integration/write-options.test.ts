import { MemoryDeadLetterStore } from "@chimera/dlq";
import { TcpProxy } from "@chimera/test-services";
import { describe, expect, it } from "vitest";

import { countOf, createEvents, freshTable, open } from "../support/clickhouse.ts";
import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
const QUICK = { backoff: { baseDelayMs: 10, maxDelayMs: 50 }, breakerMaxOpenMs: 50, requestTimeoutMs: 1_000 };

describe("a signal", () => {
  it("takes a row back that was not sent yet: a timed-out attempt and its retry do not both store it", async () => {
    await using adapter = await open({ ...QUICK, url: server.url });
    const table = freshTable();
    await using writer = adapter.writer(table);
    const attempt = new AbortController();
    const first = writer.write({ id: 1 }, { signal: attempt.signal });
    const neighbour = writer.write({ id: 2 });
    while (adapter.metrics().insertsFailed.configuration === 0) await turn();
    attempt.abort(new Error("timed out"));
    await expect(first).rejects.toThrow("timed out");
    const retry = writer.write({ id: 1 });
    await createEvents(adapter, table);
    expect(await Promise.all([neighbour, retry])).toEqual(["stored", "stored"]);
    expect(await countOf(adapter, table)).toEqual({ rows: 2, ids: 2 });
  });

  it("cannot take back what may be stored: the call answers what became of it", async () => {
    await using proxy = await TcpProxy.start(server.url);
    await using adapter = await open({ ...QUICK, url: proxy.through(server.url) });
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table);
    await writer.write({ id: 0 });
    proxy.rules.onReply = () => ({ cutAfterBytes: 0 });
    const attempt = new AbortController();
    const write = writer.write({ id: 1 }, { signal: attempt.signal });
    while (adapter.metrics().insertsFailed.transient === 0) await turn();
    attempt.abort(new Error("timed out"));
    delete proxy.rules.onReply;
    expect(await write).toBe("stored");
    expect(await countOf(adapter, table)).toEqual({ rows: 2, ids: 2 });
  });

  it("that has aborted already rejects at once", async () => {
    await using adapter = await open({ url: server.url });
    await using writer = adapter.writer("anything");
    await expect(writer.write({ id: 1 }, { signal: AbortSignal.abort(new Error("late")) })).rejects.toThrow(
      "late",
    );
  });
});

describe("a row's token", () => {
  it("gives a repeat the first call's answer, and the row is stored once", async () => {
    await using adapter = await open({ url: server.url });
    const table = await createEvents(adapter);
    await using writer = adapter.writer(table);
    const together = [1, 2, 3].map(async () => writer.write({ id: 1 }, { token: "job-1" }));
    expect(await Promise.all(together)).toEqual(["stored", "stored", "stored"]);
    expect(await writer.write({ id: 1 }, { token: "job-1" })).toBe("stored");
    expect(await countOf(adapter, table)).toEqual({ rows: 1, ids: 1 });
  });

  it("of a row that was taken back is free again", async () => {
    await using adapter = await open({ ...QUICK, url: server.url });
    const table = freshTable();
    await using writer = adapter.writer(table);
    const attempt = new AbortController();
    const first = writer.write({ id: 1 }, { token: "job-1", signal: attempt.signal });
    const repeat = writer.write({ id: 1 }, { token: "job-1" });
    while (adapter.metrics().insertsFailed.configuration === 0) await turn();
    attempt.abort(new Error("timed out"));
    await expect(first).rejects.toThrow("timed out");
    await createEvents(adapter, table);
    expect(await repeat).toBe("stored");
    expect(await countOf(adapter, table)).toEqual({ rows: 1, ids: 1 });
  });
});

describe("close", () => {
  it("dead-letters within its deadline what could not be stored", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    const adapter = await open({ url: server.url, deadLetters });
    const writer = adapter.writer("no_such_table", { maxRows: 10, maxBytes: 2_048, maxBufferedBytes: 2_048 });
    const rows = Array.from({ length: 500 }, async (_, id) => writer.write({ id, name: `event ${id}` }));
    const startedMs = performance.now();
    await writer.close({ deadlineMs: 1_000 });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(new Set(await Promise.all(rows))).toEqual(new Set(["dead-lettered"]));
    let lettered = 0;
    for await (const { letter } of deadLetters.list()) lettered += Number(letter.headers?.["rows"]);
    expect(lettered).toBe(500);
    await adapter.close();
  });

  it("resolves within its deadline although server and dead-letter store hang", async () => {
    await using proxy = await TcpProxy.start(server.url);
    const hanging = Object.assign(new MemoryDeadLetterStore(), {
      append: async () => new Promise<void>(() => {}),
    });
    const adapter = await open({ url: proxy.through(server.url), deadLetters: hanging });
    proxy.silence();
    const refused = adapter
      .writer("events")
      .write({ id: 1 })
      .catch((error: unknown) => error);
    const startedMs = performance.now();
    await adapter.close({ deadlineMs: 800 });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(await refused).toMatchObject({ code: "CLICKHOUSE_DEAD_LETTERS_FAILED", retryable: true });
  });
});

async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
