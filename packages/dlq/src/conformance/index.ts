import { APPEND_CASES } from "./append-cases.ts";
import { QUERY_CASES } from "./query-cases.ts";
import type { DeadLetterStoreCase } from "./store-case.ts";

export type { DeadLetterStoreCase, DeadLetterStoreFixture, SkippedCase } from "./store-case.ts";

/**
 * The contract of a `DeadLetterStore` as a plain list that any runner can run, each case on a fresh fixture.
 *
 * With vitest:
 * ```ts
 * it.for([...deadLetterStoreCases])("$name", async ({ run }, context) => {
 *   await using store = await openEmptyStore();
 *   const outcome = await run({ store, openAnother: () => openSameStore() });
 *   if (outcome) context.skip(outcome.skipped);
 *   expect(outcome).toBeUndefined();
 * });
 * ```
 */
export const deadLetterStoreCases: readonly DeadLetterStoreCase[] = [...APPEND_CASES, ...QUERY_CASES];
