import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_BACKOFF } from "@chimera/dlq";
import { RetryAfter, Unrecoverable, type Delivery } from "../../../src/index.ts";
import { sampleDelivery } from "../../../src/testing/index.ts";
import { decideFailure, isJobSignal } from "../../../src/worker/failure-policy.ts";

function delivery(parts: Partial<Delivery> = {}, headers: Record<string, string> = {}): Delivery {
  const { job } = sampleDelivery();
  return sampleDelivery({ deliveryCount: (parts.failures ?? 0) + 1, ...parts, job: { ...job, headers } });
}

const options = {
  maxAttempts: 5,
  backoff: { ...DEFAULT_BACKOFF, jitter: "none" as const },
  random: () => 0.5,
};
const down = Object.assign(new Error("down"), { retryable: true });

describe("after a failed attempt", () => {
  it("the waits are 100, 200, 400 and 800 ms, and then the job is dead", () => {
    const decisions = [0, 1, 2, 3, 4].map((failures) =>
      decideFailure(new Error("x"), delivery({ failures }), options),
    );
    expect(decisions).toMatchObject([
      { kind: "retry", delayMs: 100, counts: true },
      { kind: "retry", delayMs: 200 },
      { kind: "retry", delayMs: 400 },
      { kind: "retry", delayMs: 800 },
      { kind: "dead", reason: "exhausted" },
    ]);
  });

  it("the waits for surroundings that fail grow with the deliveries that were no failures", () => {
    const delays = [1, 2, 4].map(
      (deliveryCount) =>
        decideFailure(down, delivery({ deliveryCount, failures: 1 }), options) as { delayMs: number },
    );
    expect(delays.map(({ delayMs }) => delayMs)).toEqual([100, 100, 400]);
  });

  it("a job is parked once surroundings that fail have used more than half of its deliveries", () => {
    const kinds = [10, 11].map(
      (deliveryCount) => decideFailure(down, delivery({ deliveryCount }), options).kind,
    );
    expect(kinds).toEqual(["retry", "park"]);
  });

  it.each([
    ["is no number", Number.NaN, 0],
    ["is below 0", -5, 0],
    ["is part of a millisecond", 1.5, 2],
    ["is longer than a year", 1e300, 31_536_000_000],
  ])("a wait that %s becomes one that a backend takes", (_, asked, delayMs) => {
    const foreign = Object.assign(new Error("later"), {
      code: "JOB_RETRY_AFTER",
      delayMs: asked,
      counts: true,
    });
    expect(decideFailure(foreign, delivery(), options)).toMatchObject({ kind: "retry", delayMs });
  });

  it("only an error that says what is to become of the job is a signal", () => {
    const thrown = [new Unrecoverable("x"), new RetryAfter(1), down, new Error("x"), undefined];
    expect(thrown.map((error) => isJobSignal(error))).toEqual([true, true, false, false, false]);
  });

  it("full jitter spreads each wait over 0 to its value", () => {
    const jittered = { ...options, backoff: DEFAULT_BACKOFF };
    expect(decideFailure(new Error("x"), delivery({ failures: 1 }), jittered)).toMatchObject({
      delayMs: 100,
    });
  });

  it("a job's own attempts and backoff come before the worker's", () => {
    const own = { "chimera-max-attempts": "2", "chimera-backoff": "7 3 1000 none" };
    expect(decideFailure(new Error("x"), delivery({}, own), options)).toMatchObject({
      kind: "retry",
      delayMs: 7,
    });
    expect(decideFailure(new Error("x"), delivery({ failures: 1 }, own), options)).toMatchObject({
      kind: "dead",
    });
  });

  it("headers that somebody else wrote are passed over", () => {
    const foreign = { "chimera-max-attempts": "many", "chimera-backoff": "soon" };
    expect(decideFailure(new Error("x"), delivery({}, foreign), options)).toMatchObject({
      kind: "retry",
      delayMs: 100,
    });
  });

  it("what a handler asks for is done, known by its code and not its class", () => {
    expect(decideFailure(new Unrecoverable("no"), delivery(), options)).toMatchObject({
      kind: "dead",
      reason: "unrecoverable",
    });
    expect(decideFailure({ code: "JOB_UNRECOVERABLE" }, delivery(), options)).toMatchObject({
      reason: "unrecoverable",
    });
    expect(decideFailure(new RetryAfter(7), delivery(), options)).toMatchObject({ delayMs: 7, counts: true });
    expect(decideFailure(new RetryAfter(7, { counts: false }), delivery(), options)).toMatchObject({
      counts: false,
    });
    expect(decideFailure(new RetryAfter(7), delivery({ failures: 4 }), options)).toMatchObject({
      kind: "dead",
    });
    expect(() => new RetryAfter(-1)).toThrow(expect.objectContaining({ code: "QUEUE_INVALID" }));
  });

  it("no number of failures of the surroundings makes a dead letter or uses the deliveries up", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 1_000 }),
        (deliveryCount, most) => {
          const headers = { "chimera-max-deliveries": String(most) };
          const decision = decideFailure(down, delivery({ deliveryCount }, headers), options);
          expect(decision.kind).toBe(deliveryCount * 2 > most ? "park" : "retry");
        },
      ),
    );
  });
});
