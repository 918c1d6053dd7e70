import fc from "fast-check";
import { expect, test } from "vitest";
import { JobRecord } from "../../../src/local/job-record.ts";
import { termsOf } from "../../../src/local/job-terms.ts";
import { LeaseTable } from "../../../src/local/lease-table.ts";
import type { Receipt } from "../../../src/protocol.ts";

const TERMS = termsOf({ id: "job", body: "" }, undefined, 0);

function jobOf(number: number): JobRecord {
  return new JobRecord(`job${number}`, "", TERMS, 0, undefined);
}

/** A job with a lease that ends in the order of the numbers. */
function jobAt(table: LeaseTable, number: number): JobRecord {
  const job = jobOf(number);
  table.add(job, 1_000_000 + number, number);
  return job;
}

type Step =
  | { readonly verb: "add"; readonly leaseMs: number; readonly skipped: number }
  | { readonly verb: "remove" | "extend"; readonly which: number }
  | { readonly verb: "pass"; readonly ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    // Mostly leases of one length, as a worker has them.
    fc.record({
      verb: fc.constant("add" as const),
      leaseMs: fc.constantFrom(10, 10, 10, 3),
      // Numbers grow, and need not follow each other.
      skipped: fc.constantFrom(0, 0, 0, 1, 600),
    }),
    fc.record({ verb: fc.constantFrom("remove" as const, "extend" as const), which: fc.nat(20) }),
    fc.record({ verb: fc.constant("pass" as const), ms: fc.nat(8) }),
  ),
  { maxLength: 80 },
);

test(
  "it ends leases in the order of their deadlines, and knows each by its receipt",
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(steps, (history) => {
        const table = new LeaseTable("random.");
        let held: { readonly job: JobRecord; readonly receipt: Receipt; until: number }[] = [];
        const gone: Receipt[] = [];
        let nowMs = 0;
        let deliveries = 0;
        for (const step of history) {
          if (step.verb === "add") {
            deliveries += step.skipped + 1;
            const job = jobOf(deliveries);
            const until = nowMs + step.leaseMs;
            held.push({ job, receipt: table.add(job, until, deliveries), until });
          } else if (step.verb === "pass") nowMs += step.ms;
          else if (held.length > 0) {
            const lease = held[step.which % held.length] as (typeof held)[number];
            if (step.verb === "extend") table.extend(lease.job, (lease.until = nowMs + 10));
            else {
              table.remove(lease.job);
              gone.push(lease.receipt);
              held = held.filter((other) => other !== lease);
            }
          }
          expect(table.size).toBe(held.length);
          expect(table.countExpired(nowMs)).toBe(held.filter(({ until }) => until <= nowMs).length);
          expect(table.nextDeadline()).toBe(Math.min(...held.map(({ until }) => until)));
          expect(held.every(({ job, receipt }) => table.get(receipt) === job)).toBe(true);
          expect(gone.filter((receipt) => table.get(receipt) !== undefined)).toEqual([]);
        }
        const ended: JobRecord[] = [];
        nowMs += 5;
        for (let job = table.takeExpired(nowMs); job !== undefined; job = table.takeExpired(nowMs))
          ended.push(job);
        const due = held.filter(({ until }) => until <= nowMs);
        // The sort is stable, and what is held stands in the order of delivery.
        expect(ended).toEqual(due.toSorted((left, right) => left.until - right.until).map(({ job }) => job));
        expect(new Set(table.values())).toEqual(
          new Set(held.filter((lease) => !due.includes(lease)).map(({ job }) => job)),
        );
      }),
      { numRuns: 300 },
    );
  },
);

test("a receipt is taken as it was given, and in no other writing", () => {
  const table = new LeaseTable("random.");
  for (let number = 1; number < 12; number++) table.add(jobOf(number), 10, number);
  const job = jobOf(12);
  expect(table.add(job, 10, 12)).toBe("random.12");
  expect(table.get("random.12" as Receipt)).toBe(job);
  // The last two are what the digits of 10 and 9 would be if any character were one.
  for (const other of [
    "random.012",
    "random.",
    "random.12 ",
    "random.13",
    "rando.12",
    "12",
    "random.1e1",
    "random.-12",
    "random.:",
    "random.1/",
  ]) {
    expect(table.get(other as Receipt)).toBeUndefined();
  }
});

test("a job is in flight, until its lease's end and under its delivery's number, from the moment it is added", () => {
  const table = new LeaseTable("random.");
  const job = jobOf(1);
  table.add(job, 10, 7);
  expect(job).toMatchObject({ state: "in-flight", at: 10, order: 7 });
  table.extend(job, 20);
  expect(job).toMatchObject({ state: "in-flight", at: 20, order: 7 });
  expect(table.get("random.7" as Receipt)).toBe(job);
});

test("a lease that stays while 300 000 come and go is found, and keeps no place for each of them", () => {
  const table = new LeaseTable("random.");
  const staying = jobOf(1);
  const receipt = table.add(staying, 1_000_000, 1);
  const unfound: number[] = [];
  for (let number = 2; number < 300_000; number++) {
    const job = jobOf(number);
    const passing = table.add(job, 1_000_000 + number, number);
    if (table.get(passing) !== job) unfound.push(number);
    table.remove(job);
  }
  expect(unfound).toEqual([]);
  expect(table.get(receipt)).toBe(staying);
  expect([...table.values()]).toEqual([staying]);
  expect(table.takeExpired(1_000_000)).toBe(staying);
  expect(table.size).toBe(0);
});

test("a receipt of a lease that is over is not taken for a later one's, wherever that stands", () => {
  const table = new LeaseTable("random.");
  for (const number of [1, 2]) table.remove(jobAt(table, number));
  const job = jobAt(table, 8_191);
  const receipts = Array.from({ length: 10_000 }, (_, number) => `random.${number}`);
  const found = [...receipts, "random.x", "random.", "other.8191"].filter(
    (receipt) => table.get(receipt as Receipt) !== undefined,
  );
  expect(found).toEqual(["random.8191"]);
  expect(table.get("random.8191" as Receipt)).toBe(job);
});

test.each([1_024, 1_025, 65_537])("%d leases at once are all found, and end in their order", (count) => {
  const table = new LeaseTable("random.");
  const jobs = Array.from({ length: count }, (_, index) => jobAt(table, index + 1));
  expect(table.size).toBe(count);
  expect(jobs.every((job, index) => table.get(`random.${index + 1}` as Receipt) === job)).toBe(true);
  expect(new Set(table.values()).size).toBe(count);
  expect(jobs.every((job) => table.takeExpired(Infinity) === job)).toBe(true);
  expect([table.size, table.nextDeadline(), table.takeExpired(Infinity)]).toEqual([0, Infinity, undefined]);
});
