import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LedgerEvent, LedgerWriter, readLedgers } from "../../src/ledger.ts";
import { seededRandom } from "../../src/seeded-random.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "chimera-ledger-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

test("what was written is read back, and a line torn by a kill is passed over", async () => {
  const path = join(directory, "ledger");
  const events: LedgerEvent[] = [
    { kind: "try", id: "job-1", at: 10 },
    { kind: "effect", id: "job-1", at: 12, worker: "w-1", fence: 1_764_000_000_000_001 },
  ];
  new LedgerWriter(path).write(events);
  appendFileSync(path, "effect job-2 14 w-");
  const read: LedgerEvent[] = [];
  for await (const event of readLedgers([path])) read.push(event);
  expect(read).toEqual(events);
});

test("one seed gives one sequence, and its values fill 0 to 1", () => {
  const draw = (seed: number): number[] => Array.from({ length: 1_000 }, seededRandom(seed));
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(Math.min(...draw(7))).toBeLessThan(0.01);
  expect(Math.max(...draw(7))).toBeGreaterThan(0.99);
});
