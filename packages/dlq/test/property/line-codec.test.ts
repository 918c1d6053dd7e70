import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEAD_LETTER_REASONS, type DeadLetter } from "../../src/index.ts";
import { decodeLine, encodeLetter, encodeMark } from "../../src/file/line-codec.ts";
import { LineFields, LineKind } from "../../src/file/line-fields.ts";
import { LineReader } from "../../src/file/line-reader.ts";
import { anyLetter, anyText, parameters } from "./arbitraries.ts";

function decoded(line: Buffer): DeadLetter | undefined {
  const found = decodeLine(line);
  if (found.kind !== "letter") return undefined;
  const payload = found.payload();
  return payload === undefined ? undefined : { ...found.envelope, payload };
}

function bytesOf(line: string): Buffer {
  return Buffer.from(line).subarray(0, -1);
}

function fieldsOf(line: Buffer): LineFields {
  const reader = new LineReader();
  const fields = new LineFields();
  reader.use(line);
  reader.read(0, line.length, fields);
  return fields;
}

describe("a line of the file", () => {
  it("gives any letter back as it was, and is one line of JSON", () => {
    fc.assert(
      fc.property(anyLetter, (letter) => {
        const line = encodeLetter(letter);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        expect(JSON.parse(line)).toMatchObject({ id: letter.id });
        expect(decoded(bytesOf(line))).toEqual(letter);
      }),
      { ...parameters, numRuns: 1_000 },
    );
  });

  it("is never taken for a letter when it was torn, wherever", () => {
    fc.assert(
      fc.property(
        anyLetter,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (letter, part) => {
          const line = bytesOf(encodeLetter(letter));
          const torn = line.subarray(0, Math.floor(line.length * part));
          expect(decodeLine(torn).kind).toBe(torn.length === 0 ? "blank" : "unreadable");
        },
      ),
      { ...parameters, numRuns: 1_000 },
    );
  });

  it("never makes the reader throw, whatever stands in it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), anyText, (bytes, text) => {
        const line = Buffer.concat([Buffer.from(text), bytes]);
        expect(["blank", "unreadable", "letter", "mark"]).toContain(decodeLine(line).kind);
        expect(Object.values(LineKind)).toContain(fieldsOf(line).kind);
      }),
      { ...parameters, numRuns: 1_000 },
    );
  });

  it("says the same to the reader of first fields as to the one that decodes it", () => {
    fc.assert(
      fc.property(anyLetter, (letter) => {
        const line = bytesOf(encodeLetter(letter));
        const fields = fieldsOf(line);
        expect(fields.kind).toBe(LineKind.letter);
        expect(fields.envelope).toBeUndefined();
        expect(JSON.parse(`"${fields.route?.source}"`)).toBe(letter.source);
        expect(DEAD_LETTER_REASONS[fields.reason]).toBe(letter.reason);
        expect([fields.tsDate, fields.tsTime]).toEqual([
          Number(letter.ts.slice(0, 10).replaceAll("-", "")),
          Number(letter.ts.slice(11).replaceAll(/\D/g, "")),
        ]);
      }),
      { ...parameters, numRuns: 500 },
    );
  });

  it("gives an id one hash wherever it stands, and whatever stood before it", () => {
    fc.assert(
      fc.property(fc.array(anyLetter, { minLength: 2, maxLength: 8 }), (letters) => {
        const reader = new LineReader();
        const again = letters.map((letter, at) => ({ ...(letters[at - 1] ?? letter), id: letter.id }));
        const hashes = [letters, again].map((each) =>
          each.map((letter) => {
            const line = bytesOf(encodeLetter(letter));
            const fields = new LineFields();
            reader.use(line);
            reader.read(0, line.length, fields);
            return `${fields.hashA} ${fields.hashB}`;
          }),
        );
        expect(hashes[0]).toEqual(hashes[1]);
        expect(new Set(hashes[0]).size).toBe(new Set(letters.map(({ id }) => id)).size);
      }),
      { ...parameters, numRuns: 500 },
    );
  });

  it("gives any mark back as it was", () => {
    fc.assert(
      fc.property(anyText, (id) => {
        const marks = [
          { mark: "withdrawn", id },
          { mark: "replayed", id, ts: "2026-11-23T08:30:00.000Z" },
        ] as const;
        for (const mark of marks) {
          const line = bytesOf(encodeMark(mark));
          expect(decodeLine(line)).toEqual({ kind: "mark", mark });
          expect(fieldsOf(line).kind).toBe(LineKind[mark.mark]);
        }
      }),
      parameters,
    );
  });
});
