import { expect, test } from "vitest";
import { Judge, type JudgeOptions, type Verdict } from "../../src/judge.ts";
import type { LedgerEvent } from "../../src/ledger.ts";

const LEASE_MS = 1_000;

function judged(...events: readonly LedgerEvent[]): Verdict {
  const judge = new Judge({ leaseMs: LEASE_MS });
  for (const event of events) judge.add(event);
  return judge.verdict();
}

const tried: LedgerEvent = { kind: "try", id: "a", at: 0 };
const acknowledged: LedgerEvent = { kind: "ack", id: "a", at: 1 };

function run(worker: string, fence: number, startedAt: number): LedgerEvent[] {
  return [
    { kind: "start", id: "a", at: startedAt, worker, fence },
    { kind: "effect", id: "a", at: startedAt + 5, worker, fence },
  ];
}

test("an acknowledged job with one effect is ok", () => {
  expect(judged(tried, acknowledged, ...run("w1", 1, 10))).toMatchObject({
    attempted: 1,
    ok: 1,
    lost: 0,
    duplicated: 0,
  });
});

test("an acknowledged job without an effect is lost, also when a handler had begun", () => {
  const begun: LedgerEvent = { kind: "start", id: "a", at: 5, worker: "w1", fence: 1 };
  const verdict = judged(tried, acknowledged, begun);
  expect(verdict.lost).toBe(1);
  expect(verdict.examples.lost).toEqual(["a"]);
});

test("an effect of a job that nobody enqueued is unexpected", () => {
  expect(judged(...run("w1", 1, 10)).unexpected).toBe(1);
});

test("an effect after a lost acknowledgement is recovered, not unexpected", () => {
  expect(judged(tried, ...run("w1", 1, 10))).toMatchObject({ recovered: 1, unexpected: 0, acknowledged: 0 });
});

test("a second effect a lease later is an explained duplicate", () => {
  const verdict = judged(tried, acknowledged, ...run("w1", 1, 10), ...run("w2", 2, 10 + LEASE_MS));
  expect(verdict).toMatchObject({ duplicated: 1, unexplained: 0 });
});

test("a second effect within the lease is unexplained, in whatever order the ledgers are read", () => {
  const verdict = judged(...run("w2", 2, 300), tried, acknowledged, ...run("w1", 1, 10));
  expect(verdict).toMatchObject({ duplicated: 1, unexplained: 1 });
});

test("a retry after a crash before the effect duplicates nothing", () => {
  const begun: LedgerEvent = { kind: "start", id: "a", at: 5, worker: "w1", fence: 1 };
  expect(judged(tried, acknowledged, begun, ...run("w2", 2, 2_000))).toMatchObject({ ok: 1, duplicated: 0 });
});

test("two accepted settles of one job are a stale settle accepted", () => {
  const settled = (fence: number): LedgerEvent => ({ kind: "settled", id: "a", at: 20, worker: "w", fence });
  expect(judged(tried, acknowledged, ...run("w", 1, 10), settled(1), settled(2)).staleAccepted).toBe(1);
});

function judgedWith(options: Partial<JudgeOptions>, ...events: readonly LedgerEvent[]): Verdict {
  const judge = new Judge({ leaseMs: LEASE_MS, ...options });
  for (const event of events) judge.add(event);
  return judge.verdict();
}

test("a job that the queue gave up with a letter is not lost, and is told", () => {
  const letter: LedgerEvent = { kind: "letter", id: "a", at: 9, worker: "w", fence: 1 };
  expect(judged(tried, acknowledged, letter)).toMatchObject({ lost: 0, deadLettered: 1 });
});

test("where a fence tells the hand-out, the lease is counted from there", () => {
  const handedOutAt = (fence: number): number => fence;
  const late = [...run("w1", 10, 100), ...run("w2", 10 + LEASE_MS, 20 + LEASE_MS)];
  expect(judgedWith({ handedOutAt }, tried, ...late).unexplained).toBe(0);
  const early = [...run("w1", 10, 10), ...run("w2", 10 + LEASE_MS / 2, 10 + LEASE_MS)];
  expect(judgedWith({ handedOutAt }, tried, ...early).unexplained).toBe(1);
});

test("where leases end with their process, its end explains a redelivery", () => {
  const twice = [...run("w1", 1, 10), ...run("w2", 2, 300)];
  expect(judgedWith({ endedAt: new Map([["w1", 200]]) }, tried, ...twice).unexplained).toBe(0);
  expect(judgedWith({ endedAt: new Map([["w1", 400]]) }, tried, ...twice).unexplained).toBe(1);
});

test("an attempt without an effect between two effects does not hide that the lease had not ended", () => {
  const begun: LedgerEvent = { kind: "start", id: "a", at: 1_500, worker: "w2", fence: 2 };
  expect(judged(tried, ...run("w1", 1, 10), begun, ...run("w3", 3, 1_700)).unexplained).toBe(1);
});

test("the queue's own counters decide whether a job was ended twice", () => {
  const settled = (fence: number): LedgerEvent => ({ kind: "settled", id: "a", at: 20, worker: "w", fence });
  const events = [tried, acknowledged, ...run("w", 1, 10), settled(1), settled(2)];
  expect(judgedWith({ counters: { stored: 1, ended: 1 } }, ...events).staleAccepted).toBe(0);
  expect(judgedWith({ counters: { stored: 1, ended: 2 } }, ...events).staleAccepted).toBe(1);
});
