import type { DeadLetter } from "../dead-letter.ts";
import type { DeadLetterFilter, DeadLetterStore, StoredDeadLetter } from "../dead-letter-store.ts";
import { errorCode } from "../foundation/coded-error.ts";

/** What a runner brings for one case. */
export interface DeadLetterStoreFixture {
  /** A store with no letters in it, for this case alone. The runner closes it. */
  readonly store: DeadLetterStore;
  /**
   * Opens the same letters once more, as another process would; the case closes what it opened.
   * Absent where letters live in one object only: the cases that need it answer `skipped`.
   */
  readonly openAnother?: () => Promise<DeadLetterStore>;
}

/** Why a case had nothing to say about a store. */
export interface SkippedCase {
  readonly skipped: string;
}

/** One rule of the contract, for any runner: throws an `AssertionError` when the store breaks it. */
export interface DeadLetterStoreCase {
  /** The rule as a sentence. */
  readonly name: string;
  readonly run: (fixture: DeadLetterStoreFixture) => Promise<SkippedCase | void>;
}

/** A case over two stores on the same letters; skipped where the fixture has only one. */
export function withAnother(
  check: (store: DeadLetterStore, another: DeadLetterStore) => Promise<void>,
): DeadLetterStoreCase["run"] {
  return async ({ store, openAnother }) => {
    if (openAnother === undefined) return { skipped: "the fixture cannot open the same letters twice" };
    await using another = await openAnother();
    await check(store, another);
    return undefined;
  };
}

/** All matching letters, in the store's order. */
export async function listed(store: DeadLetterStore, filter?: DeadLetterFilter): Promise<StoredDeadLetter[]> {
  const found: StoredDeadLetter[] = [];
  for await (const stored of store.list(filter)) found.push(stored);
  return found;
}

/** The ids of all matching letters, in the store's order. */
export async function listedIds(store: DeadLetterStore, filter?: DeadLetterFilter): Promise<string[]> {
  return (await listed(store, filter)).map(({ letter }) => letter.id);
}

/** The letters without their state, for comparing with what was appended. */
export async function listedLetters(store: DeadLetterStore): Promise<DeadLetter[]> {
  return (await listed(store, { state: "any" })).map(({ letter }) => letter);
}

/** The code with which a call was refused, or `undefined` when it was not. */
export async function refusalCode(call: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return errorCode(error) ?? "an error without a code";
  }
}
