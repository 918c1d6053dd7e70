import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { partitionKeys } from "../../src/keys.ts";
import { choosePartition, shareOut } from "../../src/partition-choice.ts";
import { ProducerSlots } from "../../src/producer-slots.ts";

describe("a job's partition", () => {
  test("is part of the layout: these must never change", () => {
    expect(["a", "job-1", "schlüssel", ""].map((key) => choosePartition(key, 16))).toEqual([12, 6, 6, 5]);
  });

  test("is spread evenly enough", () => {
    const counts = Array.from({ length: 8 }, () => 0);
    for (let index = 0; index < 8_000; index++)
      counts[choosePartition(`job-${index}`, 8)] = (counts[choosePartition(`job-${index}`, 8)] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(800);
  });
});

test("shares keep the order and the places of what they were given, and their bounds", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 5 }), (items, size) => {
      const pieces = shareOut(
        items,
        size,
        (item) => item % 3,
        (item) => item,
        60,
      );
      const placed = pieces.flatMap(({ share }) =>
        share.places.map((place, index) => [place, share.items[index]]),
      );
      expect(placed.toSorted(([one = 0], [other = 0]) => one - other)).toEqual(
        items.map((item, place) => [place, item]),
      );
      for (const { share } of pieces) {
        expect(share.items.length).toBeLessThanOrEqual(size);
        expect(share.places).toEqual(share.places.toSorted((one, other) => one - other));
      }
    }),
  );
});

test("all keys of a partition stand under one hash tag", () => {
  for (const key of Object.values(partitionKeys("chimera", "mail", 2)))
    expect(key).toMatch(/^chimera:\{mail:2\}:/);
});

test("a producer has eight calls under way, each slot's numbers growing", async () => {
  const slots = new ProducerSlots();
  const calls = await Promise.all(Array.from({ length: 8 }, async () => slots.acquire()));
  expect(new Set(calls.map(({ slot }) => slot)).size).toBe(8);
  let ninth: Awaited<ReturnType<ProducerSlots["acquire"]>> | undefined;
  const waiting = slots.acquire().then((call) => (ninth = call));
  await Promise.resolve();
  expect(ninth).toBeUndefined();
  const [first] = calls;
  if (first !== undefined) slots.release(first);
  expect((await waiting).slot).toBe(first?.slot);
  expect((await waiting).number).toBeGreaterThan(first?.number ?? 0);
});
