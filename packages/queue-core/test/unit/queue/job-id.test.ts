import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "@chimera/dlq/testing";
import { createJobIds, JOB_ID_PATTERN } from "../../../src/job-id.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("the ids of jobs", () => {
  it("are UUIDs of version 7 that say when they were made", () => {
    const clock = new ManualClock(0x018b_cfe5_6800);
    const id = createJobIds(clock)();
    expect(id).toMatch(UUID_V7);
    expect(id).toMatch(JOB_ID_PATTERN);
    expect(id.startsWith("018bcfe5-6800-7")).toBe(true);
  });

  it("hold every random bit where the layout says, and nothing else", () => {
    const clock = new ManualClock();
    const ones = createJobIds(clock, (buffer) => void buffer.fill(0xff))();
    expect(ones.slice(19)).toBe("bfff-ffffffffffff");
    const zeros = createJobIds(clock, (buffer) => void buffer.fill(0))();
    expect(zeros.slice(14)).toBe("7000-8000-000000000000");
  });

  it("are unique and sort by their making, whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5_000, max: 5_000 }), { maxLength: 50 }), (steps) => {
        const clock = new ManualClock();
        const nextId = createJobIds(clock);
        const ids = steps.flatMap((step) => {
          clock.setWallTime(clock.now() + step);
          return Array.from({ length: 200 }, () => nextId());
        });
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.toSorted()).toEqual(ids);
      }),
    );
  });

  it("go on in order when a millisecond has no more numbers", () => {
    const nextId = createJobIds(new ManualClock());
    const ids = Array.from({ length: 20_000 }, () => nextId());
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(20_000);
  });
});
