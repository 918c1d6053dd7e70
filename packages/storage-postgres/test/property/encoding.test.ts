import fc from "fast-check";
import { expect, it } from "vitest";
import { copyChunks } from "../../src/bulk/copy-rows.ts";
import { arrayOfTexts, textValue } from "../../src/bulk/text-value.ts";
import { quoteIdentifier } from "../../src/sql.ts";

/** COPY's text format read back, as its documentation describes it. */
function readCopy(bytes: Buffer): (string | null)[][] {
  const escapes: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
  return bytes
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line) =>
      line
        .split("\t")
        .map((field) =>
          field === "\\N"
            ? null
            : field.replaceAll(/\\(.)/gs, (_whole, character: string) => escapes[character] ?? character),
        ),
    );
}

const cell = fc.option(fc.string({ unit: "binary" }), { nil: null });

it("no text is changed on its way through COPY", () => {
  const column = (name: string) => ({ name, identifier: name, type: "text", encode: textValue });
  fc.assert(
    fc.property(fc.array(fc.record({ a: cell, b: cell }), { maxLength: 20 }), (rows) => {
      const bytes = Buffer.concat([...copyChunks(rows, [column("a"), column("b")])]);
      const expected = rows.map(({ a, b }) =>
        [a, b].map((text) => (text === null ? null : Buffer.from(text).toString())),
      );
      expect(readCopy(bytes)).toEqual(expected);
    }),
  );
});

it("chunks are about 64 KiB, and cut between rows", () => {
  const rows = Array.from({ length: 5_000 }, (_row, index) => ({ a: "x".repeat(index % 200) }));
  const chunks = [...copyChunks(rows, [{ name: "a", identifier: "a", type: "text", encode: textValue }])];
  for (const chunk of chunks.slice(0, -1)) {
    expect(chunk.length).toBeGreaterThanOrEqual(65_536);
    expect(chunk.length).toBeLessThan(65_536 + 200);
    expect(chunk.at(-1)).toBe(10);
  }
});

it("no text ends its element of an array literal", () => {
  fc.assert(
    fc.property(fc.array(cell), (texts) => {
      const literal = arrayOfTexts(texts);
      const elements = literal.slice(1, -1).match(/"(?:[^"\\]|\\[^])*"|NULL/g) ?? [];
      expect(`{${elements.join(",")}}`).toBe(literal);
      const read = elements.map((element) =>
        element === "NULL" ? null : element.slice(1, -1).replaceAll(/\\([^])/g, "$1"),
      );
      expect(read).toEqual(texts);
    }),
  );
});

it("no identifier ends its quotes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 15 }), (name) => {
      fc.pre(!name.includes("\0"));
      const quoted = quoteIdentifier(name);
      expect(quoted).toMatch(/^"(?:[^"]|"")*"$/);
      expect(quoted.slice(1, -1).replaceAll('""', '"')).toBe(name);
    }),
  );
});
