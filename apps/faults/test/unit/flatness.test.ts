import { expect, test } from "vitest";
import { flatnessOf, type Flatness } from "../../src/soak/flatness.ts";

const MEBIBYTE = 1_048_576;

function bytes(valueAt: (part: number) => number, samples = 240): Flatness {
  const points = Array.from(
    { length: samples },
    (_, index) => [index * 15_000, valueAt(index / samples)] as const,
  );
  return flatnessOf({ name: "heap", unit: "bytes", points });
}

/** A saw between -1 and 1, as a heap has between two collections. */
function saw(part: number): number {
  return ((part * 97) % 2) - 1;
}

test("what warms up in the first half and then only swings is flat", () => {
  const heap = bytes((part) => 12 * MEBIBYTE + Math.min(part, 0.4) * 20 * MEBIBYTE + saw(part) * MEBIBYTE);
  expect(heap).toMatchObject({ flat: true });
  expect(Math.abs(heap.rise)).toBeLessThan(0.2 * MEBIBYTE);
});

test("eight bytes a job are not flat, however much the heap swings", () => {
  // Half an hour of 200 jobs a second over two workers.
  const leaked = 8 * 200 * 1_800 * 0.5;
  const heap = bytes((part) => 12 * MEBIBYTE + part * 2 * leaked + saw(part) * MEBIBYTE);
  expect(heap.flat).toBe(false);
  expect(heap.rise).toBeGreaterThan(0.9 * leaked);
});

test("what falls is flat", () => {
  expect(bytes((part) => (20 - 10 * part) * MEBIBYTE)).toMatchObject({ flat: true });
});

test("a key a minute is not flat", () => {
  const points = Array.from({ length: 240 }, (_, index) => [index * 15_000, 14 + index / 4] as const);
  expect(flatnessOf({ name: "keys", unit: "count", points }).flat).toBe(false);
});

test("a series that is hardly there shows nothing, so it is not flat", () => {
  expect(bytes(() => 12 * MEBIBYTE, 6).flat).toBe(false);
  expect(bytes(() => 12 * MEBIBYTE, 8).flat).toBe(true);
});
