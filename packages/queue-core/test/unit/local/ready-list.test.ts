import fc from "fast-check";
import { expect, test } from "vitest";
import { JobRecord } from "../../../src/local/job-record.ts";
import { termsOf } from "../../../src/local/job-terms.ts";
import { ReadyList } from "../../../src/local/ready-list.ts";

const TERMS = termsOf({ id: "job", body: "" }, undefined, 0);

/** A job that an index holds as well, as it must for anybody to take it out of the middle. */
function jobOf(number: number): JobRecord {
  const job = new JobRecord(`job${number}`, "", TERMS, 0, undefined);
  job.hash = 1;
  return job;
}

/** Many at a time, so that histories cross the pieces that a list is made of. */
const steps = fc.array(
  fc.oneof(
    fc.record({ verb: fc.constantFrom("tail" as const, "head" as const), count: fc.nat(400) }),
    fc.record({ verb: fc.constant("shift" as const), count: fc.nat(600) }),
    fc.record({ verb: fc.constant("cut" as const), from: fc.nat(1_000), count: fc.nat(600) }),
  ),
  { maxLength: 12 },
);

test(
  "it keeps the order of an array, whatever comes before, behind, and goes out of the middle",
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(steps, (history) => {
        const list = new ReadyList();
        let expected: JobRecord[] = [];
        let made = 0;
        for (const step of history) {
          if (step.verb === "tail" || step.verb === "head") {
            for (let count = 0; count < step.count; count++) {
              const job = jobOf(++made);
              if (step.verb === "tail") {
                list.pushTail(job, made);
                expected.push(job);
              } else {
                list.pushHead(job, made);
                expected.unshift(job);
              }
            }
          } else {
            const gone = expected.splice(step.verb === "cut" ? step.from : 0, step.count);
            for (const job of gone) list.remove(job);
          }
          expect(list.size).toBe(expected.length);
          expect(list.head).toBe(expected[0]);
          const listed = [...list.values()];
          expect(
            listed.length === expected.length && listed.every((job, index) => job === expected[index]),
          ).toBe(true);
          const middle = expected[expected.length >> 1];
          if (middle === undefined) continue;
          const behind = expected.length - (expected.length >> 1) - 1;
          expect([...list.after(middle.order, middle)].length).toBe(behind);
          expect([...list.after(middle.order, undefined)].length).toBe(behind);
        }
      }),
      { numRuns: 150 },
    );
  },
);

test("a job that stays is the head while a million come and go behind it", () => {
  const list = new ReadyList();
  const staying = jobOf(0);
  list.pushTail(staying, 0);
  for (let number = 1; number <= 1_000_000; number++) {
    const job = jobOf(number);
    list.pushTail(job, 0);
    list.remove(job);
  }
  expect(list.size).toBe(1);
  expect([...list.values()]).toEqual([staying]);
  list.remove(staying);
  expect([...list.values()]).toEqual([]);
});
