import fc from "fast-check";
import { expect, test } from "vitest";
import { JobIndex } from "../../../src/local/job-index.ts";
import { JobRecord } from "../../../src/local/job-record.ts";

function jobOf(id: string): JobRecord {
  const terms = {
    headers: {},
    priority: "normal",
    maxDeliveries: 20,
    expiresAt: undefined,
    dedup: undefined,
  } as const;
  return new JobRecord(id, "", terms, 0, undefined);
}

/** Chosen, so that jobs meet in few slots, also around the end of the table. */
const CROWDED_HASHES = [1, 2, 3, 1_021, 1_022, 1_023, 1_024, 2_047];

test("it holds what a Map would, however the hashes collide and the table wraps", () => {
  const steps = fc.array(fc.tuple(fc.nat(40), fc.constantFrom(...CROWDED_HASHES)), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (toggles) => {
      const index = new JobIndex();
      const expected = new Map<string, JobRecord>();
      for (const [number, hash] of toggles) {
        const known = expected.get(`job${number}`);
        if (known === undefined) {
          const job = jobOf(`job${number}`);
          index.add(job, hash);
          expected.set(job.id, job);
        } else {
          index.remove(known);
          expected.delete(known.id);
        }
      }
      expect(index.size).toBe(expected.size);
      expect(new Set(index.values())).toEqual(new Set(expected.values()));
      for (const job of expected.values()) expect(index.get(job.id, job.hash)).toBe(job);
      expect(index.get("job0", 5)).toBeUndefined();
    }),
  );
});

test("a walk sees every job that stays, while others come and go and the table grows", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...CROWDED_HASHES), { minLength: 30, maxLength: 30 }), (hashes) => {
      const index = new JobIndex();
      const jobs = hashes.map((hash, number) => {
        const job = jobOf(`job${number}`);
        index.add(job, hash);
        return job;
      });
      const seen = new Set<JobRecord>();
      let step = 0;
      for (const job of index.values()) {
        seen.add(job);
        const leaving = jobs[step * 2];
        if (step < 10 && leaving !== undefined) index.remove(leaving);
        if (step === 5) for (let more = 0; more < 600; more++) index.add(jobOf(`more${more}`), more + 1);
        step++;
      }
      const staying = jobs.filter((_, number) => number % 2 === 1 || number >= 20);
      expect(staying.filter((job) => !seen.has(job))).toEqual([]);
    }),
  );
});

test("it grows as jobs come and finds each of them", () => {
  const index = new JobIndex();
  for (let number = 0; number < 5_000; number++) {
    const id = `0199b2c4-7aaa-7bbb-8ccc-${number}`;
    index.add(jobOf(id));
  }
  expect(index.size).toBe(5_000);
  expect(index.get("0199b2c4-7aaa-7bbb-8ccc-4999")?.id).toBe("0199b2c4-7aaa-7bbb-8ccc-4999");
  expect(index.get("0199b2c4-7aaa-7bbb-8ccc-5000")).toBeUndefined();
});
