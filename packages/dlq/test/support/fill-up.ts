import type { DeadLetterStore } from "../../src/index.ts";
import { errorCode, isRetryable } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";

/** What happened while a store was filled up. */
export interface Filled {
  readonly acknowledged: readonly string[];
  readonly code: string | undefined;
  readonly retryable: boolean;
}

const MAX_APPENDS = 100_000;

/** Appends until the store refuses. */
export async function fillUp(store: DeadLetterStore): Promise<Filled> {
  const acknowledged: string[] = [];
  for (let at = 0; at < MAX_APPENDS; at++) {
    const id = `letter ${at}`;
    try {
      await store.append([sampleLetter({ id, payload: JSON.stringify("x".repeat(5_000)) })]);
      acknowledged.push(id);
    } catch (error) {
      return { acknowledged, code: errorCode(error), retryable: isRetryable(error) };
    }
  }
  throw new Error("The store took everything");
}
