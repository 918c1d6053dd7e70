import type { EncodedRow } from "../rows/row-encoder.ts";
import type { Batch } from "../batch/batch.ts";

/** Where a row ended: in the table, or durably in the dead letters. */
export type WriteResult = "stored" | "dead-lettered";

/** Who waits for a row. */
export interface Ticket {
  /** Called once the row's fate is known; a second call changes nothing. */
  settle(outcome: WriteResult | Error): void;
}

/** A row on its way into a batch. */
export interface Entry {
  /** Of text the length counts as its bytes until they are written, which is exact for ASCII. */
  row: EncodedRow;
  readonly ticket: Ticket;
  /** Called when it is placed after it had to wait for room. */
  placed?: () => void;
  /** Its batch and place in it, once it has one. */
  batch?: Batch;
  index?: number;
}

/** A ticket for one row: settles the promise that `write` gave out. */
export class RowTicket implements Ticket {
  readonly #resolve: (result: WriteResult) => void;
  readonly #reject: (error: Error) => void;

  constructor(resolve: (result: WriteResult) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  settle(outcome: WriteResult | Error): void {
    if (typeof outcome === "string") this.#resolve(outcome);
    else this.#reject(outcome);
  }
}

/** What became of the rows of one call of `writeMany`. */
export interface WriteSummary {
  readonly stored: number;
  readonly deadLettered: number;
}

/** One ticket for all rows of a call: counts, and says when the last is settled. */
export class GroupTicket implements Ticket {
  #open = 0;
  #stored = 0;
  #deadLettered = 0;
  #error: Error | undefined;
  #complete: (() => void) | undefined;

  /** One more row will be settled. */
  add(): void {
    this.#open += 1;
  }

  settle(outcome: WriteResult | Error): void {
    if (outcome === "stored") this.#stored += 1;
    else if (outcome === "dead-lettered") this.#deadLettered += 1;
    else this.#error ??= outcome;
    this.#open -= 1;
    if (this.#open === 0) this.#complete?.();
  }

  /**
   * Waits for all rows added so far.
   *
   * @throws the first row's error that was neither stored nor dead-lettered.
   */
  async summary(): Promise<WriteSummary> {
    if (this.#open > 0) await new Promise<void>((resolve) => (this.#complete = resolve));
    if (this.#error !== undefined) throw this.#error;
    return { stored: this.#stored, deadLettered: this.#deadLettered };
  }
}
