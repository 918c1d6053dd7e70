/** Shrinks the budget of the batches after one that ran over it. */
const SHRINK = 10;

/**
 * How many bad rows are taken out of a batch before the rest is dead-lettered whole.
 *
 * When every row is bad, since producers are ahead of a migration, each batch would cost 200 inserts to find
 * that out again: after a batch over its budget the next ones get a tenth, until one ends within it.
 */
export class BadRowBudget {
  readonly #full: number;
  #allowed: number;

  constructor(maxBadRows: number) {
    this.#full = maxBadRows;
    this.#allowed = maxBadRows;
  }

  get allowed(): number {
    return this.#allowed;
  }

  /** Notes how a batch with bad rows ended. */
  note(outcome: "within-budget" | "over-budget"): void {
    const shrunk = Math.min(this.#full, Math.max(1, Math.floor(this.#allowed / SHRINK)));
    this.#allowed = outcome === "within-budget" ? this.#full : shrunk;
  }
}
