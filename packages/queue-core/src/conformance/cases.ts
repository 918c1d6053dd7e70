import type { ConformanceCase } from "./conformance-case.ts";
import { OUTAGE_CASES } from "./outage-cases.ts";
import { DEDUP_CASES } from "./rule-12-dedup.ts";
import { CLOSING_CASES } from "./rule-15-closing.ts";
import { BODY_CASES } from "./rule-16-bodies.ts";
import { DEPTH_LIMIT_CASES } from "./rule-17-depth-limit.ts";
import { CONSERVATION_CASES } from "./rules-01-03-conservation.ts";
import { LEASE_CASES } from "./rules-04-07-leases.ts";
import { COUNT_CASES } from "./rules-08-09-counts.ts";
import { ORDER_CASES } from "./rules-10-11-order.ts";
import { FIGURE_CASES } from "./rules-13-14-figures.ts";
import { ADMIN_CASES } from "./rules-18-19-admin.ts";

/**
 * The queue protocol as a plain list of cases that any runner can run, each on a fresh queue.
 *
 * In `node:test`; in vitest and `bun:test` only where `test` comes from and how it skips differ:
 * ```ts
 * import { test } from "node:test";
 *
 * const fixture: ConformanceFixture = {
 *   createBackend: async (options) => new MyBackend(freshName(), options),
 *   createPeer: async (backend) => new MyBackend(backend.name),
 *   advanceClock: async (durationMs) => server.moveClock(durationMs),
 * };
 * for (const { rule, name, run } of conformanceCases) {
 *   test(`rule ${rule}: ${name}`, async (context) => {
 *     const outcome = await run(fixture);
 *     if (outcome !== undefined) context.skip(outcome.skipped);
 *   });
 * }
 * ```
 */
export const conformanceCases: readonly ConformanceCase[] = [
  ...CONSERVATION_CASES,
  ...LEASE_CASES,
  ...COUNT_CASES,
  ...ORDER_CASES,
  ...DEDUP_CASES,
  ...FIGURE_CASES,
  ...CLOSING_CASES,
  ...BODY_CASES,
  ...DEPTH_LIMIT_CASES,
  ...ADMIN_CASES,
  ...OUTAGE_CASES,
];
