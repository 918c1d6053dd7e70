import { writeFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeLine, encodeLetter, encodeMark, type LetterLine } from "../../src/file/line-codec.ts";
import {
  DEAD_LETTER_REASONS,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterState,
  type DeadLetterStats,
} from "../../src/index.ts";
import { StatsTally } from "../../src/stats-tally.ts";
import { fileDesk } from "../support/file-desk.ts";
import { anyLetter, anyText, parameters } from "./arbitraries.ts";

const MOMENTS = ["2026-11-23T08:00:00.000Z", "2026-11-23T09:00:00.000Z", "2026-11-24T00:00:00.001Z"] as const;
/** Of several lengths, some with what must be escaped in JSON, and one whose end looks like the end of an id. */
const IDS = [
  "a",
  "b1",
  "7b6ce2a4-6c1c-4c2e-9d0b-7f6f1c0e0c0d",
  'quote"',
  "back\\",
  'x","ts":"',
  "é\ud800",
] as const;

const anyVersion = fc.record({ id: fc.constantFrom(...IDS), ts: fc.constantFrom(...MOMENTS) });
const anyKnownLetter: fc.Arbitrary<DeadLetter> = fc
  .record({
    letter: anyLetter,
    version: anyVersion,
    source: fc.oneof(fc.constantFrom("queue:a", "queue:b"), anyText),
  })
  .map(({ letter, version, source }) => Object.assign(letter, version, { source }));

/** Lines as they may stand in a file, their line breaks included; most of them ours. */
const anyLine: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 8, arbitrary: anyKnownLetter.map((letter) => Buffer.from(encodeLetter(letter))) },
  {
    weight: 2,
    arbitrary: anyVersion.map((version) => Buffer.from(encodeMark({ mark: "replayed", ...version }))),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...IDS).map((id) => Buffer.from(encodeMark({ mark: "withdrawn", id }))),
  },
  // In the order of another tool.
  {
    weight: 1,
    arbitrary: anyKnownLetter.map(({ payload, ...letter }) =>
      Buffer.from(`${JSON.stringify({ payload, ...letter })}\n`),
    ),
  },
  // Torn, and closed by whoever came next.
  {
    weight: 2,
    arbitrary: fc.tuple(anyKnownLetter, fc.nat()).map(([letter, at]) => {
      const line = Buffer.from(encodeLetter(letter));
      return Buffer.concat([line.subarray(0, at % line.length), Buffer.from("\n")]);
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anyText, fc.uint8Array({ maxLength: 20 }))
      .map(([text, bytes]) => Buffer.concat([Buffer.from(text), bytes, Buffer.from("\n")])),
  },
);

const anyFilter: fc.Arbitrary<DeadLetterFilter> = fc.record(
  {
    state: fc.constantFrom("dead", "replayed", "any"),
    reasons: fc.subarray([...DEAD_LETTER_REASONS], { minLength: 1 }),
    since: fc.constantFrom(...MOMENTS),
    until: fc.constantFrom(...MOMENTS),
  },
  { requiredKeys: [] },
);

/** What the store must answer, found by decoding every line in full. */
function counted(
  file: Buffer,
  { state: meant = "dead", reasons, since = "", until = "~" }: DeadLetterFilter,
): DeadLetterStats {
  const lines = file
    .toString("latin1")
    .split("\n")
    .map((line) => Buffer.from(line, "latin1"));
  const tally = new StatsTally();
  const settled = new Set<string>();
  const marked = new Set<string>();
  for (const [at, bytes] of [...lines.entries()].toReversed()) {
    const line = decodeLine(bytes);
    const isTail = at === lines.length - 1;
    if (isUnreadable(line) && !isTail) tally.addUnreadable();
    if (line.kind === "mark" && !settled.has(line.mark.id)) {
      if (line.mark.mark === "withdrawn") settled.add(line.mark.id);
      else marked.add(`${line.mark.id} ${line.mark.ts}`);
    }
    if (line.kind !== "letter" || isUnreadable(line)) continue;
    const { id, ts, reason } = line.envelope;
    if (settled.has(id)) continue;
    settled.add(id);
    const state: DeadLetterState = marked.has(`${id} ${ts}`) ? "replayed" : "dead";
    const isMeant = (meant === "any" || meant === state) && (reasons?.includes(reason) ?? true);
    if (isMeant && ts >= since && ts < until) tally.add(line.envelope, bytes.length + 1);
  }
  return tally.result();
}

function isUnreadable(line: ReturnType<typeof decodeLine>): boolean {
  return (
    line.kind === "unreadable" ||
    (line.kind === "letter" && (line satisfies LetterLine).payload() === undefined)
  );
}

describe("counting by the first fields of lines", () => {
  it("counts what decoding every line counts, whatever stands in the file, wherever it was cut", async () => {
    await using at = await fileDesk();
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyLine, { maxLength: 12 }),
        fc.nat(),
        fc.boolean(),
        anyFilter,
        async (lines, seed, isCut, filter) => {
          const whole = Buffer.concat(lines);
          const file = isCut ? whole.subarray(0, seed % (whole.length + 1)) : whole;
          await writeFile(at.path, file);
          expect(await at.store.stats(filter)).toEqual(counted(file, filter));
        },
      ),
      { ...parameters, numRuns: 500 },
    );
  }, 60_000);
});
