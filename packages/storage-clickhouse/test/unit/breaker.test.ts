import { ManualClock } from "@chimera/dlq/testing";
import { describe, expect, it } from "vitest";

import { Breaker } from "../../src/endpoints/breaker.ts";

function opened(): { readonly breaker: Breaker; readonly clock: ManualClock } {
  const clock = new ManualClock();
  const breaker = new Breaker({ failures: 3, openMs: 100, maxOpenMs: 300, clock });
  for (let n = 0; n < 3; n++) breaker.unanswered();
  return { breaker, clock };
}

describe("a breaker", () => {
  it("opens after so many unanswered calls in a row, and any answer starts the count again", () => {
    const breaker = new Breaker({ failures: 3, openMs: 100, maxOpenMs: 300, clock: new ManualClock() });
    for (const call of ["unanswered", "unanswered", "answered", "unanswered", "unanswered"] as const)
      breaker[call]();
    expect([breaker.state, breaker.waitMs]).toEqual(["closed", 0]);
    breaker.unanswered();
    expect([breaker.state, breaker.waitMs]).toEqual(["open", 100]);
  });

  it("lets one probe through after its rest", async () => {
    const { breaker, clock } = opened();
    await clock.advance(100);
    expect(breaker.waitMs).toBe(0);
    breaker.start();
    expect(breaker.state).toBe("half-open");
    expect(breaker.waitMs).toBeGreaterThan(0);
    breaker.answered();
    expect([breaker.state, breaker.waitMs]).toEqual(["closed", 0]);
  });

  it("rests twice as long after each failed probe, up to a limit", async () => {
    const { breaker, clock } = opened();
    for (const restMs of [100, 200, 300, 300]) {
      expect(breaker.waitMs).toBe(restMs);
      await clock.advance(restMs);
      breaker.start();
      breaker.unanswered();
    }
  });

  it("learns nothing from a probe that its caller ended: the next call probes at once", async () => {
    const { breaker, clock } = opened();
    await clock.advance(100);
    breaker.start();
    breaker.inconclusive();
    expect([breaker.state, breaker.waitMs]).toEqual(["open", 0]);
  });
});
