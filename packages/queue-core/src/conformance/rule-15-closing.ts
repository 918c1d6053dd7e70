import { deepStrictEqual, ok, rejects } from "node:assert";
import type { QueueBackend } from "../protocol.ts";
import { LEASE_MS } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

/** Rule 15: an end that always comes. */
export const CLOSING_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 15,
    name: "closing ends a pending dequeue with []",
    async check({ backend }) {
      const waits = [1, 2, 3].map(async () => backend.dequeue({ max: 1, leaseMs: LEASE_MS, waitMs: 60_000 }));
      await backend.ping();
      await backend.close();
      deepStrictEqual(await Promise.all(waits), [[], [], []]);
    },
  }),
  defineCase({
    rule: 15,
    name: "closing twice is harmless, and `await using` closes",
    async check({ backend }) {
      await Promise.all([backend.close(), backend.close()]);
      await backend.close();
      await backend[Symbol.asyncDispose]();
      await expectClosed(backend);
    },
  }),
  defineCase({
    rule: 15,
    name: "after closing every call is refused as closed",
    async check({ backend }) {
      await backend.close();
      await expectClosed(backend);
    },
  }),
  defineCase({
    rule: 15,
    name: "closing resolves within its deadline when every connection was just cut",
    needs: ["killConnection"],
    async check(session) {
      const waiting = session.take(1, { waitMs: 60_000 });
      await session.backend.ping();
      await session.killConnection();
      const started = performance.now();
      await session.backend.close({ deadlineMs: 1_000 });
      const closedMs = performance.now() - started;
      ok(closedMs < 1_500, `expected to close within 1 000 ms, took ${closedMs}`);
      deepStrictEqual(await waiting, []);
    },
  }),
];

async function expectClosed(backend: QueueBackend): Promise<void> {
  const calls = [
    async () => backend.enqueue([{ id: "a", body: "" }]),
    async () => backend.dequeue({ max: 1, leaseMs: LEASE_MS }),
    async () => backend.settle([]),
    async () => backend.extend([], LEASE_MS),
    async () => backend.metrics(),
    async () => backend.ping(),
  ];
  for (const call of calls) await rejects(call, { code: "QUEUE_CLOSED" });
}
