import type { NewJob } from "@chimera/queue-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createNonces, makeReceipt, readReceipt } from "../../src/receipt.ts";
import { decodeRecord, decodeState, encodeRecord } from "../../src/record.ts";

/** What the server puts before a record. */
const STAMP = `${(1_700_000_000_000).toString(16)}0000000001`;
const text = fc.string({ unit: "grapheme" });
const job: fc.Arbitrary<NewJob> = fc.record(
  {
    id: fc.constant("a"),
    body: fc.oneof(text, fc.constantFrom("", "\n", "{\n}", "n\n", "\0")),
    headers: fc.dictionary(text, text),
    priority: fc.constantFrom("high", "normal", "low"),
    delayMs: fc.nat(1_000),
    expiresInMs: fc.integer({ min: 1, max: 1_000 }),
    dedupKey: fc.string({ unit: "grapheme", minLength: 1 }),
    maxDeliveries: fc.integer({ min: 1, max: 1_000 }),
  },
  { requiredKeys: ["id", "body"] },
);

describe("a record", () => {
  test("of any job is read back as it was", () => {
    fc.assert(
      fc.property(job, (given) => {
        const stored = decodeRecord("a", STAMP + encodeRecord(given, 249));
        expect(stored).toEqual({
          job: {
            id: "a",
            body: given.body,
            headers: { ...given.headers },
            priority: given.priority ?? "normal",
          },
          enqueuedAt: 1_700_000_000_000,
          maxDeliveries: given.maxDeliveries ?? 20,
        });
      }),
    );
  });

  test("of a plain job costs four characters beside the body", () => {
    expect(encodeRecord({ id: "a", body: "{}" }, 0)).toBe("n00\n{}");
  });

  test("keeps a dedup key with a line break on its own line", () => {
    expect(encodeRecord({ id: "a", body: "x", dedupKey: "k\nk", dedupTtlMs: 5 }, 17)).toBe(
      'N11;;;5;\n"k\\nk"\nx',
    );
  });
});

describe("a state", () => {
  test("is fresh where there is none", () => {
    expect(decodeState("")).toMatchObject({ place: "-", deliveryCount: 0, failures: 0, errors: [] });
  });

  test("of a plain job's first delivery is not written down", () => {
    expect(decodeState("plain")).toMatchObject({ place: "", deliveryCount: 1, failures: 0 });
  });

  test("remembers failures in order, whatever their text", () => {
    const lines = ["d0000000000000001 3 2 1 5 0 n", '"key"', '7:"one\\n: two"', '9:"three"'];
    expect(decodeState(lines.join("\n"))).toEqual({
      place: "d0000000000000001",
      deliveryCount: 3,
      failures: 2,
      reclaims: 1,
      errors: [
        { at: 7, message: "one\n: two" },
        { at: 9, message: "three" },
      ],
    });
  });
});

describe("a receipt", () => {
  const batch = `1700000000000000-${createNonces()()}`;

  test("says partition, id, place and batch", () => {
    expect(readReceipt(makeReceipt(2, "a.b:c_d-e", 7, batch), 3)).toEqual({
      partition: 2,
      id: "a.b:c_d-e",
      place: 7,
      batch,
    });
  });

  test.for([
    "",
    "x",
    "0~a~1",
    `9~a~1~${batch}`,
    `-1~a~1~${batch}`,
    `0~a~0~${batch}`,
    `0~a~251~${batch}`,
    `0~a~x~${batch}`,
  ])("that no backend made is none: %s", (receipt) => {
    expect(readReceipt(receipt as never, 3)).toBeUndefined();
  });

  test("has a nonce that no call and no process shares", () => {
    const [one, other] = [createNonces(), createNonces()];
    expect(new Set([one(), one(), other(), other()]).size).toBe(4);
  });
});
