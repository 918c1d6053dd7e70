import { expect, test } from "vitest";
import type { LedgerEvent } from "../../src/ledger.ts";
import { type FaultRecord, RecoveryMeter } from "../../src/recovery.ts";
import type { WaitTimes } from "../../src/tally.ts";

function start(id: string, worker: string, at: number): LedgerEvent {
  return { kind: "start", id, worker, fence: at, at };
}

function measured(faults: readonly FaultRecord[], events: readonly LedgerEvent[]): Record<string, WaitTimes> {
  const meter = new RecoveryMeter(faults);
  for (const event of events) meter.add(event);
  meter.close();
  for (const event of events) meter.addAgain(event);
  return Object.fromEntries([...meter.waits()].map(([fault, tally]) => [fault, tally.times()]));
}

const kill: FaultRecord = {
  fault: "kill-worker",
  scope: "worker",
  outage: false,
  at: 100,
  healedAt: 101,
  victim: "w1",
};

test("a job that a killed worker had begun counts from the kill to its next delivery", () => {
  const waits = measured([kill], [start("a", "w1", 90), start("a", "w2", 600)]);
  expect(waits["kill-worker"]).toMatchObject({ samples: 1, max: 500 });
});

test("a job that had ended before the kill does not count", () => {
  const ended: LedgerEvent = { kind: "effect", id: "a", worker: "w1", fence: 90, at: 95 };
  expect(measured([kill], [start("a", "w1", 90), ended])).toEqual({});
});

test("where the server was away meanwhile, it counts from when that answered again", () => {
  const outage: FaultRecord = {
    fault: "kill-server",
    scope: "server",
    outage: true,
    at: 200,
    healedAt: 450,
  };
  const waits = measured([kill, outage], [start("a", "w1", 90), start("a", "w2", 600)]);
  expect(waits["kill-worker"]).toMatchObject({ max: 150 });
  expect(waits["kill-server"]).toMatchObject({ samples: 1, max: 150 });
});

test("a slow network is no excuse for a late delivery", () => {
  const slow: FaultRecord = { fault: "slow-network", scope: "server", outage: false, at: 200, healedAt: 450 };
  const waits = measured([kill, slow], [start("a", "w1", 90), start("a", "w2", 600)]);
  expect(waits["kill-worker"]).toMatchObject({ max: 500 });
});
