import type { NewJob } from "@chimera/queue-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createNonces, makeReceipt, readReceipt } from "../../src/receipt.ts";
import {
  decodeEntry,
  decodeRecord,
  decodeState,
  encodeEntry,
  encodeRecord,
  timeText,
  travelsWhole,
} from "../../src/record.ts";

const TIME = timeText(1_700_000_000_000);
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
    fresh: fc.boolean(),
  },
  { requiredKeys: ["id", "body"] },
);

describe("a record", () => {
  test("of any job is read back as it was", () => {
    fc.assert(
      fc.property(job, (given) => {
        const stored = decodeRecord("a", TIME + encodeRecord(given));
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

  test("of a job that travels whole costs two characters beside the body", () => {
    expect(encodeRecord({ id: "a", body: "{}", fresh: true })).toBe("n\n{}");
  });

  test("in a whole entry is read back as it was", () => {
    fc.assert(
      fc.property(
        job,
        fc.string({ minLength: 1, maxLength: 128, unit: fc.constantFrom("a", "9", "-") }),
        (given, id) => {
          const { headers, maxDeliveries, body } = given;
          const whole = {
            id,
            body,
            fresh: true,
            ...(headers !== undefined && { headers }),
            ...(maxDeliveries !== undefined && { maxDeliveries }),
          };
          expect(decodeEntry(encodeEntry(whole, TIME))).toEqual({
            job: { id, body, headers: { ...headers }, priority: "normal" },
            enqueuedAt: 1_700_000_000_000,
            maxDeliveries: maxDeliveries ?? 20,
          });
        },
      ),
    );
  });

  test.for([
    { id: "a", body: "" },
    { id: "a", body: "", fresh: false },
    { id: "a", body: "", fresh: true, delayMs: 1 },
    { id: "a", body: "", fresh: true, expiresInMs: 1 },
    { id: "a", body: "", fresh: true, dedupKey: "k" },
    { id: "a", body: "x".repeat(1_025), fresh: true },
    { id: "a", body: "", headers: { x: "x".repeat(1_025) }, fresh: true },
  ] satisfies NewJob[])("of %j has an entry of its own", (given) => {
    expect(travelsWhole(given)).toBe(false);
  });

  test("keeps a dedup key with a line break on its own line", () => {
    expect(encodeRecord({ id: "a", body: "x", dedupKey: "k\nk", dedupTtlMs: 5 })).toBe('N;;;5;\n"k\\nk"\nx');
  });
});

describe("a state", () => {
  test("is fresh where there is none", () => {
    expect(decodeState("")).toMatchObject({ place: "-", deliveryCount: 0, failures: 0, errors: [] });
  });

  test("of a job in flight that travels whole is not written down", () => {
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
    for (const whole of [false, true]) {
      const parts = { partition: 2, id: "a.b:c_d-e", place: 7, batch, whole };
      expect(readReceipt(makeReceipt(parts), 3)).toEqual(parts);
    }
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
