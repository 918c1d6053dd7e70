import type { DeadLetter } from "../dead-letter.ts";

/** A dead letter with ordinary values, each to be overridden. Unstable: may change in any release. */
export function sampleLetter(overrides: Partial<DeadLetter> = {}): DeadLetter {
  return {
    v: 1,
    id: "queue:quakes/0199-0001",
    ts: "2026-11-23T08:30:00.000Z",
    source: "queue:quakes",
    target: "queue:quakes",
    reason: "exhausted",
    message: "connect ECONNREFUSED",
    attempts: 5,
    errors: [{ ts: "2026-11-23T08:29:59.000Z", code: "ECONNREFUSED", message: "connect ECONNREFUSED" }],
    firstTs: "2026-11-23T08:00:00.000Z",
    replays: 0,
    encoding: "json",
    payload: '{"magnitude":5.4}',
    ...overrides,
  };
}
