import { describe, expect, it } from "vitest";
import { JobRecord } from "../../../src/local/job-record.ts";
import { termsOf } from "../../../src/local/job-terms.ts";
import { LeaseRing } from "../../../src/local/lease-ring.ts";

const TERMS = termsOf({ id: "job", body: "" }, undefined, 0);

/** A job in flight, in its delivery of that number. */
function lease(number: number, deadline: number): JobRecord {
  const record = new JobRecord(`job${number}`, "", TERMS, 0, undefined);
  record.order = number;
  record.at = deadline;
  return record;
}

describe("a ring of leases", () => {
  it("takes leases that end in the order in which they began, equal ends too", () => {
    const ring = new LeaseRing();
    const leases = [lease(1, 10), lease(2, 10), lease(3, 11)];
    expect(leases.map((one) => ring.push(one))).toEqual([true, true, true]);
    expect([ring.size, ring.oldest]).toEqual([3, leases[0]]);
    expect([...ring.values()]).toEqual(leases);
  });

  it("takes none that ends before an earlier one, until those are gone", () => {
    const ring = new LeaseRing();
    const first = lease(1, 10);
    const second = lease(2, 9);
    ring.push(first);
    expect(ring.push(second)).toBe(false);
    expect([ring.size, ring.get(2)]).toEqual([1, undefined]);
    ring.remove(first);
    expect(ring.push(second)).toBe(true);
    expect(ring.oldest).toBe(second);
  });

  it("takes any end at first", () => {
    expect(new LeaseRing().push(lease(1, -5))).toBe(true);
  });

  it("knows a lease by its number alone, gaps between numbers included", () => {
    const ring = new LeaseRing();
    const leases = [lease(7, 1), lease(9, 2), lease(1_030, 3), lease(4_000, 4)];
    for (const one of leases) expect(ring.push(one)).toBe(true);
    const found = Array.from({ length: 10_000 }, (_, number) => ring.get(number)).filter(Boolean);
    expect(found).toEqual(leases);
    expect([...ring.values()]).toEqual(leases);
  });

  it("goes on to the oldest that is left, and answers whether a lease was inside", () => {
    const ring = new LeaseRing();
    const leases = [1, 2, 3, 4].map((number) => lease(number, number));
    const [first, second, third, fourth] = leases as [JobRecord, JobRecord, JobRecord, JobRecord];
    for (const one of leases) ring.push(one);
    expect([ring.remove(second), ring.remove(second), ring.oldest]).toEqual([true, false, first]);
    expect([ring.remove(first), ring.oldest]).toEqual([true, third]);
    expect([ring.remove(third), ring.remove(fourth)]).toEqual([true, true]);
    expect([ring.size, ring.oldest, ring.get(4)]).toEqual([0, undefined, undefined]);
    expect(ring.remove(lease(4, 4))).toBe(false);
    expect([...ring.values()]).toEqual([]);
  });

  it("holds numbers up to 65 536 apart, and more once the oldest is gone", () => {
    const ring = new LeaseRing();
    const [oldest, farthest, tooFar] = [lease(1, 1), lease(65_536, 2), lease(65_537, 3)] as const;
    expect([oldest, farthest, tooFar].map((one) => ring.push(one))).toEqual([true, true, false]);
    expect([ring.size, ring.get(1), ring.get(65_536), ring.get(65_537)]).toEqual([
      2,
      oldest,
      farthest,
      undefined,
    ]);
    ring.remove(oldest);
    expect(ring.push(tooFar)).toBe(true);
    expect([...ring.values()]).toEqual([farthest, tooFar]);
  });

  it.each([1_024, 1_025, 5_000])("keeps %d leases in their places as it grows", (count) => {
    const ring = new LeaseRing();
    // Not from the first place on: what grows must carry on where it stood.
    const leases = Array.from({ length: count }, (_, index) => lease(700 + index, index));
    expect(leases.every((one) => ring.push(one))).toBe(true);
    expect(leases.every((one) => ring.get(one.order) === one)).toBe(true);
    expect(leases.every((one) => ring.oldest === one && ring.remove(one))).toBe(true);
    expect(ring.size).toBe(0);
  });
});
