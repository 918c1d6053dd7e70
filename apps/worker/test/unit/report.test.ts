import { describe, expect, it } from "vitest";

import { HeldWarnings } from "../../src/demo/held-warnings.ts";
import { startProgress } from "../../src/demo/progress.ts";
import { dayTable, deadLetterTable, strongestTable } from "../../src/demo/report.ts";
import { tallyLine } from "../../src/demo/tally.ts";

describe("the report", () => {
  it("shows a quake without a magnitude with none", () => {
    const at = "2018-02-06 15:50:43";
    const shown = strongestTable([{ magnitude: null, place: "somewhere", at, depthKm: 10.25 }]);
    expect(shown).toContain("somewhere");
    expect(shown).not.toContain("null");
  });

  it("draws the day with the most events longest", () => {
    const bars = dayTable([
      { day: "2018-01-31", events: 50, strongest: 6.1 },
      { day: "2018-02-01", events: 100, strongest: null },
    ]).matchAll(/█+/g);
    expect([...bars].map(([bar]) => bar.length)).toEqual([20, 40]);
  });

  it("says so when there are no dead letters", () => {
    expect(
      deadLetterTable({ count: 0, bytes: 0, byReason: {}, bySource: {}, unreadable: 0 }, new Map()),
    ).toBe("  none\n");
  });

  it("ends with a line for machines", () => {
    const tally = { enqueued: 1, stored: 2, deadLettered: 3, replayed: 4, postgres: 5, clickhouse: 6 };
    expect(tallyLine(tally)).toBe(
      "demo: enqueued=1 stored=2 dead_lettered=3 replayed=4 postgres=5 clickhouse=6",
    );
  });
});

describe("progress where there is no terminal", () => {
  it("is a line at each quarter", () => {
    const written: string[] = [];
    const progress = startProgress({ isTTY: false, write: (text) => written.push(text) }, "handled", 10);
    for (let done = 1; done <= 10; done += 1) progress.update(done);
    progress.stop();
    expect(written).toEqual([3, 5, 8, 10].map((done) => `  handled    ${done} of 10\n`));
  });
});

describe("warnings", () => {
  it("are held back until they are released, and told at once from then on", () => {
    const written: string[] = [];
    const warnings = new HeldWarnings((line) => written.push(line));
    warnings.warn("redis.error", { message: "refused" });
    expect(written).toEqual([]);
    warnings.release();
    warnings.error("journal.failed");
    expect(written).toEqual(['warning: redis.error message="refused"\n', "error: journal.failed\n"]);
  });
});
