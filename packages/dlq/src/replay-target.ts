import type { DeadLetter } from "./dead-letter.ts";

/** One letter on its way back. */
export interface ReplayItem {
  readonly letter: DeadLetter;
  /**
   * The same for every try of this replay of this version of the letter, a UUID in form: a target that refuses
   * an id it has seen takes the letter exactly once, however often a replay is cut short and resumed.
   */
  readonly replayId: string;
}

/** What a target did with an item. `duplicate`: it had taken the item before, which is as good as `taken`. */
export type ReplayOutcome = "taken" | "duplicate" | { readonly status: "failed"; readonly error: unknown };

/** Where dead letters are sent back to: a queue, a table, or anything a team writes. */
export interface ReplayTarget {
  /** As reports show it, such as `queue:quakes`. */
  readonly name: string;
  /**
   * Takes items durably and answers one outcome each, in order. Only what was answered `taken` or `duplicate`
   * is marked as replayed. A rejection counts as `failed` for every item.
   */
  take(
    items: readonly ReplayItem[],
    options: { readonly signal?: AbortSignal },
  ): Promise<readonly ReplayOutcome[]>;
}
