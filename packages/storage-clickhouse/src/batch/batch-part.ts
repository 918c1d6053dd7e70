import type { Batch } from "./batch.ts";

/**
 * Some rows of a batch: those from `from` to `to` (exclusive) save the excluded ones.
 *
 * Its token follows from the batch's token and the rows, so that equal tokens mean equal rows: the server
 * silently swallows other rows under a token it has seen.
 */
export class BatchPart {
  readonly batch: Batch;
  readonly from: number;
  readonly to: number;
  /** Ascending, all within the range. */
  readonly excluded: readonly number[];

  constructor(batch: Batch, from: number, to: number, excluded: readonly number[] = []) {
    this.batch = batch;
    this.from = from;
    this.to = to;
    this.excluded = excluded.filter((row) => row >= from && row < to);
  }

  get rowCount(): number {
    return this.to - this.from - this.excluded.length;
  }

  get isWhole(): boolean {
    return this.rowCount === this.batch.rowCount;
  }

  get token(): string {
    if (this.isWhole) return this.batch.token;
    const range = `${this.batch.token}:${this.from}-${this.to}`;
    return this.excluded.length === 0 ? range : `${range}!${this.excluded.join(",")}`;
  }

  /** The rows as bytes, a line each. */
  get pieces(): readonly Buffer[] {
    if (this.isWhole) return this.batch.pieces;
    const pieces: Buffer[] = [];
    let next = this.from;
    for (const row of [...this.excluded, this.to]) {
      if (row > next) pieces.push(this.batch.bytes(next, row));
      next = row + 1;
    }
    return pieces;
  }

  /** The row of the batch that is the `position`-th of this part, counted from 0; `undefined` outside it. */
  rowAt(position: number): number | undefined {
    if (position < 0) return undefined;
    let row = this.from + position;
    for (const excluded of this.excluded) {
      if (excluded > row) break;
      row += 1;
    }
    return row < this.to ? row : undefined;
  }

  /** Every row, ascending. */
  *rows(): Generator<number> {
    let next = 0;
    for (let row = this.from; row < this.to; row++) {
      if (this.excluded[next] === row) next += 1;
      else yield row;
    }
  }

  /** The row alone. */
  only(row: number): BatchPart {
    return new BatchPart(this.batch, row, row + 1);
  }

  /** The part without a row. */
  without(row: number): BatchPart {
    const excluded = [...this.excluded, row].toSorted((a, b) => a - b);
    return new BatchPart(this.batch, this.from, this.to, excluded);
  }

  /** Two parts with half of the rows each; for a part of at least two rows. */
  halves(): readonly [BatchPart, BatchPart] {
    const middle = this.rowAt(Math.ceil(this.rowCount / 2)) ?? this.to;
    return [
      new BatchPart(this.batch, this.from, middle, this.excluded),
      new BatchPart(this.batch, middle, this.to, this.excluded),
    ];
  }
}
