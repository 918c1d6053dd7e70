import { MemoryDeadLetterStore, replay } from "@chimera/dlq";
import { sampleLetter } from "@chimera/dlq/testing";
import { TcpProxy } from "@chimera/test-services";
import { describe, expect, it } from "vitest";

import { countOf, createEvents, freshTable, open } from "../support/clickhouse.ts";
import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
/** Nobody listens there. */
const NOWHERE = "http://127.0.0.1:9";

describe("close of an adapter", () => {
  it("waits for an insert under way", async () => {
    await using proxy = await TcpProxy.start(server.url);
    await using observer = await open({ url: server.url });
    const table = await createEvents(observer);
    const adapter = await open({ url: proxy.through(server.url), deadLetters: null });
    proxy.rules.latencyMs = 100;
    let outcome: unknown;
    void adapter.insert(table, [{ id: 1 }]).then(
      (summary) => (outcome = summary),
      (error: unknown) => (outcome = error),
    );
    await adapter.close();
    expect(outcome).toEqual({ stored: 1, deadLettered: 0 });
    expect(await countOf(observer, table)).toEqual({ rows: 1, ids: 1 });
  });

  it("ends an insert that got no answer by its deadline, and says that the rows may be stored", async () => {
    await using proxy = await TcpProxy.start(server.url);
    await using observer = await open({ url: server.url });
    const table = await createEvents(observer);
    const adapter = await open({ url: proxy.through(server.url), deadLetters: null });
    await adapter.insert(table, [{ id: 0 }]);
    proxy.rules.onReply = () => "drop";
    const ended = outcomeOf(adapter.insert(table, [{ id: 1 }]));
    await expect.poll(async () => countOf(observer, table)).toEqual({ rows: 2, ids: 2 });
    await within(1_500, adapter.close({ deadlineMs: 800 }));
    expect(ended.value).toMatchObject({
      code: "CLICKHOUSE_ABORTED",
      message: expect.stringContaining("the rows may be stored") as string,
    });
  });

  it("ends an insert that waits for its next try", async () => {
    const adapter = await open({ url: NOWHERE, deadLetters: null });
    const ended = outcomeOf(adapter.insert(freshTable(), [{ id: 1 }]));
    await within(1_500, adapter.close({ deadlineMs: 800 }));
    expect(ended.value).toMatchObject({ code: "CLICKHOUSE_UNAVAILABLE", retryable: true });
  });

  it("leaves time to dead-letter what an insert could not store", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    const adapter = await open({ url: NOWHERE, deadLetters });
    const ended = outcomeOf(adapter.insert(freshTable(), [{ id: 1 }, { id: 2 }]));
    await within(1_500, adapter.close({ deadlineMs: 800 }));
    expect(ended.value).toEqual({ stored: 0, deadLettered: 2 });
    expect(await deadLetters.stats()).toMatchObject({ count: 1 });
  });

  it("resolves within its deadline although an insert's dead-letter store hangs", async () => {
    const hanging = Object.assign(new MemoryDeadLetterStore(), {
      append: async () => new Promise<void>(() => {}),
    });
    const adapter = await open({ url: NOWHERE, deadLetters: hanging });
    const ended = outcomeOf(adapter.insert(freshTable(), [{ id: 1 }]));
    await within(1_500, adapter.close({ deadlineMs: 800 }));
    expect(ended.value).toMatchObject({ code: "CLICKHOUSE_DEAD_LETTERS_FAILED", retryable: true });
  });
});

describe("a statement that runs when its adapter is closed", () => {
  it("may end in time", async () => {
    const adapter = await open({ url: server.url });
    const ended = outcomeOf(adapter.query("SELECT sleep(0.3) AS slept"));
    await adapter.close();
    expect(ended.value).toEqual([{ slept: 0 }]);
  });

  it.each(["query", "command"] as const)("is ended at the deadline: a %s", async (call) => {
    const adapter = await open({ url: server.url });
    const ended = outcomeOf(adapter[call]("SELECT sleep(3)"));
    await within(1_500, adapter.close({ deadlineMs: 400 }));
    expect(ended.value).toMatchObject({ code: "CLICKHOUSE_ABORTED", retryable: false });
  });
});

describe("close of a writer", () => {
  it("makes no letter of a batch whose rows were all taken back", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    const adapter = await open({ url: server.url, deadLetters });
    const stop = new AbortController();
    const row = outcomeOf(adapter.writer(freshTable()).write({ id: 1 }, { signal: stop.signal }));
    await expect.poll(() => adapter.metrics().insertsFailed.configuration).toBeGreaterThan(0);
    stop.abort(new Error("taken back"));
    await adapter.close({ deadlineMs: 100 });
    expect(row.value).toMatchObject({ message: "taken back" });
    expect(await deadLetters.stats()).toMatchObject({ count: 0 });
  });
});

describe("a replay that is aborted once the good rows of a letter are stored", () => {
  it("begins no append that it would not wait for", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await using adapter = await open({ url: server.url, deadLetters });
    const target = `clickhouse:${await createEvents(adapter)}`;
    const letter = sampleLetter({ target, encoding: "text", payload: '{"id":1}\n{"id":"x"}' });
    const stop = new AbortController();
    adapter.onInsert(() => stop.abort(new Error("stopped")));
    const [outcome] = await adapter
      .replayTarget()
      .take([{ letter, replayId: "again" }], { signal: stop.signal });
    expect(outcome).toMatchObject({
      status: "failed",
      error: { code: "CLICKHOUSE_DEAD_LETTERS_FAILED", retryable: true },
    });
    expect(await deadLetters.stats()).toMatchObject({ count: 0 });
  });
});

describe("an adapter that is closed under a replay", () => {
  it("waits for what the replay has under way", async () => {
    await using proxy = await TcpProxy.start(server.url);
    await using observer = await open({ url: server.url });
    const target = `clickhouse:${await createEvents(observer)}`;
    const adapter = await open({ url: proxy.through(server.url) });
    proxy.rules.latencyMs = 100;
    const letter = sampleLetter({ target, payload: '{"id":1}' });
    const taking = outcomeOf(adapter.replayTarget().take([{ letter, replayId: "again" }], {}));
    await adapter.close();
    expect(taking.value).toEqual(["taken"]);
  });

  it("is a target that is unavailable: its letters stay as they were", async () => {
    const deadLetters = new MemoryDeadLetterStore();
    await deadLetters.append([sampleLetter({ target: "clickhouse:events", payload: '{"id":1}' })]);
    const adapter = await open({ url: server.url, deadLetters });
    const target = adapter.replayTarget();
    await adapter.close();
    const report = await replay(deadLetters, target, { maxTries: 1 });
    expect(report).toMatchObject({ ended: "target-unavailable", failed: 0 });
    for await (const { letter } of deadLetters.list()) expect(letter.replays).toBe(0);
  });
});

describe("an abort of a statement", () => {
  const SLOW = {
    breakerFailures: 1,
    backoff: { baseDelayMs: 60_000, maxDelayMs: 60_000, jitter: "none" as const },
  };

  it.each(["query", "command"] as const)("between two tries of a %s has a code of ours", async (call) => {
    await using adapter = await open({ url: NOWHERE, ...SLOW });
    const stop = new AbortController();
    const ended = outcomeOf(adapter[call]("SELECT 1", { signal: stop.signal }));
    await expect.poll(() => adapter.metrics().servers).toMatchObject([{ breaker: "open" }]);
    stop.abort(new Error("the caller's own"));
    await ended.settled;
    expect(ended.value).toMatchObject({ code: "CLICKHOUSE_ABORTED", retryable: false });
  });

  it("while it waits for a server that rests has a code of ours", async () => {
    await using adapter = await open({ url: NOWHERE, breakerFailures: 1, retryForMs: 0, deadLetters: null });
    await outcomeOf(adapter.insert(freshTable(), [{ id: 1 }])).settled;
    const stop = new AbortController();
    const ended = outcomeOf(adapter.query("SELECT 1", { signal: stop.signal }));
    stop.abort(new Error("the caller's own"));
    await ended.settled;
    expect(ended.value).toMatchObject({ code: "CLICKHOUSE_ABORTED" });
  });

  it("that came before the call has a code of ours", async () => {
    await using adapter = await open({ url: server.url });
    const ended = outcomeOf(adapter.query("SELECT 1", { signal: AbortSignal.abort(new Error("early")) }));
    await ended.settled;
    expect(ended.value).toMatchObject({ code: "CLICKHOUSE_ABORTED" });
  });
});

interface Outcome {
  /** What the promise resolved or rejected with, once it has. */
  value: unknown;
  readonly settled: Promise<void>;
}

function outcomeOf(promise: Promise<unknown>): Outcome {
  const note = (value: unknown): void => void (outcome.value = value);
  const outcome: Outcome = { value: undefined, settled: promise.then(note, note) };
  return outcome;
}

async function within(limitMs: number, promise: Promise<void>): Promise<void> {
  const startedMs = performance.now();
  await promise;
  expect(performance.now() - startedMs).toBeLessThan(limitMs);
}
