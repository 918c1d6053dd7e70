import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { BatchPart } from "../../src/batch/batch-part.ts";
import { isolateBadRows } from "../../src/delivery/poison-rows.ts";
import { readFailure } from "../../src/failure.ts";
import type { Failure } from "../../src/failure.ts";
import { batchOf } from "../support/batches.ts";

interface Outcome {
  readonly stored: number[];
  readonly refused: { readonly rows: number[]; readonly failure: Failure }[];
  readonly inserts: number;
  readonly budget: "within-budget" | "over-budget";
}

/** Which row the server names for the first bad position of a part; `undefined`: none. */
type Hint = (position: number, part: BatchPart) => number | undefined;
const exact: Hint = (position) => position + 1;

/** A server that stores a part unless it holds a bad row. */
async function isolate(
  rows: number,
  bad: ReadonlySet<number>,
  hint: Hint,
  maxBadRows: number,
): Promise<Outcome> {
  const stored: number[] = [];
  const refused: Outcome["refused"] = [];
  const tokens = new Map<string, string>();
  let inserts = 0;
  const send = async (part: BatchPart): Promise<{ failure: Failure } | undefined> => {
    inserts += 1;
    const content = [...part.rows()].join(",");
    expect(tokens.get(part.token) ?? content).toBe(content);
    tokens.set(part.token, content);
    const position = [...part.rows()].findIndex((row) => bad.has(row));
    if (position === -1) {
      stored.push(...part.rows());
      return undefined;
    }
    const named = hint(position, part);
    const text = `Cannot parse ${part.rowAt(position)}${named === undefined ? "" : ` (at row ${named})`}`;
    return { failure: readFailure(Object.assign(new Error(text), { code: "27" })) };
  };
  const whole = batchOf(Array.from({ length: rows }, (_, row) => String(row))).whole();
  const first = await send(whole);
  if (first === undefined) return { stored, refused, inserts, budget: "within-budget" };
  const budget = await isolateBadRows(whole, first, {
    send,
    refuse: (part, { failure }) => refused.push({ rows: [...part.rows()], failure }),
    maxBadRows,
  });
  return { stored, refused, inserts, budget };
}

const ascending = (rows: readonly number[]): number[] => rows.toSorted((a, b) => a - b);

const cases = fc
  .integer({ min: 1, max: 60 })
  .chain((rows) =>
    fc.record({ rows: fc.constant(rows), bad: fc.uniqueArray(fc.nat(rows - 1), { maxLength: 12 }) }),
  );

describe("bad rows are taken out of a batch", () => {
  it("each with its own error, the rest stored once, in at most 2k + 1 inserts where the server names them", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ rows, bad }) => {
        const outcome = await isolate(rows, new Set(bad), exact, 100);
        expect(outcome.refused.every((refusal) => refusal.rows.length === 1)).toBe(true);
        expect(ascending(outcome.refused.flatMap((refusal) => refusal.rows))).toEqual(ascending(bad));
        for (const refusal of outcome.refused)
          expect(refusal.failure.message).toContain(`parse ${refusal.rows[0]}`);
        expect(outcome.stored.length + bad.length).toBe(rows);
        expect(new Set(outcome.stored).size).toBe(outcome.stored.length);
        expect(outcome.inserts).toBeLessThanOrEqual(2 * bad.length + 1);
      }),
    );
  });

  it("also where the server names no row, or a wrong one", async () => {
    const hints = fc.constantFrom<Hint>(
      () => undefined,
      () => 1,
      (_, part) => part.rowCount,
      (_, part) => part.rowCount + 1,
      (position) => position,
    );
    await fc.assert(
      fc.asyncProperty(cases, hints, async ({ rows, bad }, hint) => {
        const { refused, stored } = await isolate(rows, new Set(bad), hint, 100);
        expect(ascending(refused.flatMap((refusal) => refusal.rows))).toEqual(ascending(bad));
        expect(stored.length + bad.length).toBe(rows);
        expect(new Set(stored).size).toBe(stored.length);
      }),
    );
  });

  it("within a budget: every row still has exactly one fate", async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(5), fc.boolean(), async ({ rows, bad }, maxBadRows, honest) => {
        const outcome = await isolate(rows, new Set(bad), honest ? exact : () => undefined, maxBadRows);
        const all = [...outcome.stored, ...outcome.refused.flatMap((refusal) => refusal.rows)];
        expect(ascending(all)).toEqual(Array.from({ length: rows }, (_, row) => row));
        for (const row of bad) expect(outcome.stored).not.toContain(row);
        expect(outcome.budget === "within-budget" || bad.length > maxBadRows).toBe(true);
      }),
    );
  });
});
