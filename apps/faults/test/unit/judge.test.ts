import { expect, test } from "vitest";
import { Judge, type Verdict } from "../../src/judge.ts";
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
