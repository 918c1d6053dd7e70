import { ManualClock } from "@chimera/dlq/testing";
import { describe, expect, it } from "vitest";

import type { Batch } from "../../src/batch/batch.ts";
import { BatchLine } from "../../src/writer/batch-line.ts";
import type { Entry } from "../../src/writer/tickets.ts";
import { resolveWriterOptions } from "../../src/writer/writer-options.ts";
import type { BatchWriterOptions } from "../../src/writer/writer-options.ts";

/** A line whose inserts end when the test says so. */
class Bench {
  readonly clock = new ManualClock();
  readonly sent: { readonly rows: string; readonly atMs: number; readonly end: () => void }[] = [];
  readonly outcomes = new Map<string, unknown>();
  readonly line: BatchLine;

  constructor(options: BatchWriterOptions = {}) {
    this.line = new BatchLine({
      options: resolveWriterOptions({ maxBytes: 1_024, maxBufferedBytes: 2_048, ...options }),
      clock: this.clock,
      createId: () => "token",
      send: async (batch: Batch) =>
        new Promise((resolve) => {
          const rows = Buffer.concat(batch.whole().pieces).toString().trimEnd().replaceAll("\n", " ");
          this.sent.push({ rows, atMs: this.clock.monotonic(), end: () => resolve(new Map()) });
        }),
    });
  }

  submit(row: string): Entry {
    const ticket = { settle: (outcome: unknown) => void this.outcomes.set(row, outcome) };
    const entry: Entry = { row, ticket };
    this.line.submit(entry);
    return entry;
  }

  get log(): string[] {
    return this.sent.map(({ rows, atMs }) => `${atMs}: ${rows}`);
  }

  /** Ends the n-th insert and lets everything follow from it. */
  async end(index: number): Promise<void> {
    this.sent[index]?.end();
    await this.clock.advance(0);
  }
}

describe("with no insert in flight", () => {
  it("the first rows go at once, all of one moment together", async () => {
    const bench = new Bench();
    bench.submit("a");
    bench.submit("b");
    await bench.clock.advance(0);
    expect(bench.log).toEqual(["0: a b"]);
  });

  it("the next insert starts at least minGapMs after the last one started", async () => {
    const bench = new Bench({ minGapMs: 50 });
    bench.submit("a");
    await bench.clock.advance(5);
    await bench.end(0);
    bench.submit("b");
    await bench.clock.advance(100);
    expect(bench.log).toEqual(["0: a", "50: b"]);
  });

  it("maxDelayMs wins over a longer minGapMs", async () => {
    const bench = new Bench({ minGapMs: 1_000, maxDelayMs: 20 });
    bench.submit("a");
    await bench.clock.advance(10);
    await bench.end(0);
    bench.submit("b");
    await bench.clock.advance(100);
    expect(bench.log).toEqual(["0: a", "30: b"]);
  });
});

describe("while an insert runs", () => {
  it("rows gather until it ends", async () => {
    const bench = new Bench();
    bench.submit("a");
    await bench.clock.advance(0);
    bench.submit("b");
    await bench.clock.advance(100);
    bench.submit("c");
    await bench.end(0);
    expect(bench.log).toEqual(["0: a", "100: b c"]);
  });

  it("they go after maxDelayMs all the same", async () => {
    const bench = new Bench({ maxDelayMs: 500 });
    bench.submit("a");
    await bench.clock.advance(0);
    bench.submit("b");
    await bench.clock.advance(1_000);
    expect(bench.log).toEqual(["0: a", "500: b"]);
  });

  it("a full batch goes at once, up to the limit in flight; then rows gather on", async () => {
    const bench = new Bench({ maxRows: 2, concurrency: 2, maxDelayMs: 100 });
    for (const row of ["a", "b", "c", "d", "e"]) bench.submit(row);
    expect(bench.log).toEqual(["0: a b", "0: c d"]);
    await bench.clock.advance(200);
    bench.submit("f");
    expect(bench.sent).toHaveLength(2);
    await bench.end(1);
    expect(bench.log.at(-1)).toBe("200: e f");
  });
});

describe("the buffer", () => {
  it("holds at most maxBufferedBytes: rows wait in order, and are placed as inserts end", async () => {
    const bench = new Bench({ maxRows: 1, concurrency: 1 });
    const row = (name: string): string => name.repeat(1_000);
    for (const name of ["a", "b", "c", "d"]) bench.submit(row(name));
    expect(bench.line.gauges).toMatchObject({ bufferedRows: 2, waitingWrites: 2, insertsInFlight: 1 });
    expect(bench.line.gauges.bufferedBytes).toBeLessThanOrEqual(2_048);
    for (let insert = 0; insert < 4; insert++) await bench.end(insert);
    expect(bench.sent.map(({ rows }) => rows[0])).toEqual(["a", "b", "c", "d"]);
    expect(bench.line.gauges).toEqual({
      bufferedRows: 0,
      bufferedBytes: 0,
      waitingWrites: 0,
      insertsInFlight: 0,
    });
  });

  it("starts another batch for a row that would make this one larger than maxBytes", async () => {
    const bench = new Bench();
    bench.submit("a".repeat(600));
    bench.submit("b".repeat(600));
    await bench.clock.advance(0);
    expect(bench.sent.map(({ rows }) => rows.length)).toEqual([600]);
    await bench.end(0);
    await bench.clock.advance(50);
    expect(bench.sent.map(({ rows }) => rows.length)).toEqual([600, 600]);
  });
});

describe("a row", () => {
  it("is taken back while it gathers or waits, and is not sent", async () => {
    const bench = new Bench({ maxRows: 2, concurrency: 1 });
    const taken: string[] = [];
    const [a] = [bench.submit("a")];
    bench.line.withdraw(a, () => taken.push("a"));
    bench.submit("b");
    await bench.clock.advance(0);
    expect(taken).toEqual(["a"]);
    expect(bench.log).toEqual(["0: b"]);
  });

  it("is answered once its batch has ended", async () => {
    const bench = new Bench();
    bench.submit("a");
    await bench.clock.advance(0);
    expect(bench.outcomes.size).toBe(0);
    await bench.end(0);
    expect(bench.outcomes.get("a")).toBe("stored");
  });
});

describe("flush", () => {
  it("sends what gathers although inserts run, and waits for every row written before it", async () => {
    const bench = new Bench({ maxRows: 2, concurrency: 2, maxDelayMs: 10_000 });
    for (const row of ["a", "b", "c"]) bench.submit(row);
    let flushed = false;
    const flush = bench.line.flush().then(() => (flushed = true));
    await bench.clock.advance(0);
    expect(bench.log).toEqual(["0: a b", "0: c"]);
    await bench.end(1);
    expect(flushed).toBe(false);
    await bench.end(0);
    await flush;
  });

  it("includes rows that wait for room, and not those written after it", async () => {
    const bench = new Bench({ maxRows: 1, concurrency: 1 });
    const row = (name: string): string => name.repeat(1_000);
    for (const name of ["a", "b", "c"]) bench.submit(row(name));
    let flushed = false;
    const flush = bench.line.flush().then(() => (flushed = true));
    bench.submit(row("d"));
    for (let insert = 0; insert < 3; insert++) {
      expect(flushed).toBe(false);
      await bench.end(insert);
    }
    await flush;
    expect(bench.outcomes.size).toBe(3);
  });

  it("ends although a call for many rows goes on and waits for room again and again", async () => {
    const bench = new Bench({ maxRows: 1, concurrency: 1 });
    void placeForEver(bench);
    let flushed = false;
    void bench.line.flush().then(() => (flushed = true));
    for (let insert = 0; insert < 10; insert++) await bench.end(insert);
    expect(flushed).toBe(true);
  });
});

/** Places row after row with one entry, as a call for many rows does. */
async function placeForEver(bench: Bench): Promise<void> {
  const entry: Entry = { row: "", ticket: { settle: () => {} } };
  for (let place = 0; place < 1_000; place++) {
    entry.row = String(place).padStart(1_000, " ");
    if (!bench.line.submit(entry)) await bench.line.placed(entry);
  }
}
