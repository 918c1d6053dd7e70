import { describe, expect, it } from "vitest";
import { IdHash } from "../../src/file/id-hash.ts";
import { IdState, IdTable } from "../../src/file/id-table.ts";

/** Hashes of so many different ids. */
function hashes(count: number): readonly (readonly [a: number, b: number])[] {
  const hash = new IdHash();
  return Array.from({ length: count }, (_, at) => {
    const bytes = Buffer.from(`letter ${at}`);
    hash.take(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
    return [hash.a, hash.b] as const;
  });
}

describe("IdTable", () => {
  it("knows every id's state and version again, however often it had to grow", () => {
    const table = new IdTable();
    const ids = hashes(50_000);
    const before = new Set<number>();
    for (const [at, [a, b]] of ids.entries()) {
      before.add(table.find(a, b));
      if (at % 3 === 0) table.set(IdState.marked, at + 1);
      else table.set(at % 2 === 0 ? IdState.current : IdState.withdrawn);
    }
    expect([...before]).toEqual([IdState.unknown]);
    const found = ids.map(([a, b]) => [table.find(a, b), table.version]);
    const expected = ids.map((_, at) => {
      if (at % 3 === 0) return [IdState.marked, at + 1];
      return [at % 2 === 0 ? IdState.current : IdState.withdrawn, 0];
    });
    expect(found).toEqual(expected);
  });

  it("lets a state be set again, also right after it grew", () => {
    const table = new IdTable();
    for (const [a, b] of hashes(5_000)) {
      table.find(a, b);
      table.set(IdState.marked, 7);
      table.set(IdState.purged);
      expect(table.find(a, b)).toBe(IdState.purged);
    }
  });
});
