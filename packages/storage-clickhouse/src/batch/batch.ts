import { lineStarts } from "../rows/row-buffer.ts";

import { BatchPart } from "./batch-part.ts";

/**
 * Whether rows can still be taken out of a batch.
 * `open`: nothing of it can be stored. `sending`: an insert of all of it runs.
 * `committed`: it may be stored, or parts of it are on their way.
 */
export type BatchState = "open" | "sending" | "committed";

/** Rows as bytes, a line each. */
export interface RowSource {
  readonly rowCount: number;
  readonly byteLength: number;
  readonly pieces: readonly Buffer[];
}

/** What a batch needs to be sent. */
export interface BatchContent {
  /** Fixed for the batch's whole life, through retries, isolation and replay. */
  readonly token: string;
  /** May still grow until the batch is first sent. */
  readonly rows: RowSource;
  /** When its first row was handed in, in wall-clock milliseconds. */
  readonly firstMs: number;
  /** How often it had been replayed before. @defaultValue 0 */
  readonly replays?: number;
}

/** Rows that travel as one insert, and which of them were taken back. */
export class Batch {
  readonly token: string;
  readonly firstMs: number;
  readonly replays: number;
  readonly #rows: RowSource;
  readonly #withdrawn = new Set<number>();
  readonly #wanted = new Map<number, () => void>();
  #lines: { readonly bytes: Buffer; readonly starts: Uint32Array } | undefined;
  #state: BatchState = "open";

  constructor({ token, rows, firstMs, replays = 0 }: BatchContent) {
    this.token = token;
    this.firstMs = firstMs;
    this.replays = replays;
    this.#rows = rows;
  }

  get state(): BatchState {
    return this.#state;
  }

  get rowCount(): number {
    return this.#rows.rowCount;
  }

  get byteLength(): number {
    return this.#rows.byteLength;
  }

  get pieces(): readonly Buffer[] {
    return this.#rows.pieces;
  }

  /** All rows that were not taken back. */
  whole(): BatchPart {
    return new BatchPart(
      this,
      0,
      this.rowCount,
      [...this.#withdrawn].toSorted((a, b) => a - b),
    );
  }

  /** The bytes of rows `from` to `to` (exclusive), line breaks included. */
  bytes(from: number, to: number): Buffer {
    this.#lines ??= this.#split();
    const { bytes, starts } = this.#lines;
    return bytes.subarray(starts[from], starts[to]);
  }

  /** An insert of all of it starts: withdrawals wait for how it ends. */
  sending(): void {
    if (this.#state === "open") this.#state = "sending";
  }

  /** The insert ended with a plain refusal: nothing of it is stored, and wanted withdrawals happen now. */
  refused(): void {
    if (this.#state !== "sending") return;
    this.#state = "open";
    for (const [row, taken] of this.#wanted) {
      this.#withdrawn.add(row);
      taken();
    }
    this.#wanted.clear();
  }

  /** From here on rows can no longer be taken back. */
  commit(): void {
    this.#state = "committed";
    this.#wanted.clear();
  }

  /**
   * Takes a row back so that it is never sent. `taken` is called as soon as that is sure: at once, after the
   * insert that runs was refused, or never.
   */
  withdraw(row: number, taken: () => void): void {
    if (this.#state === "open") {
      this.#withdrawn.add(row);
      taken();
    } else if (this.#state === "sending") {
      this.#wanted.set(row, taken);
    }
  }

  #split(): { bytes: Buffer; starts: Uint32Array } {
    const { pieces } = this.#rows;
    const [first] = pieces;
    const bytes = first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces);
    return { bytes, starts: lineStarts(bytes, this.rowCount) };
  }
}

/** A batch for each of several pieces of one insert, under tokens that follow from its own. */
export function batchesOf(pieces: readonly RowSource[], token: string, firstMs: number): readonly Batch[] {
  return pieces.map((rows, index) => {
    const own = pieces.length === 1 ? token : `${token}#${index + 1}`;
    return new Batch({ token: own, rows, firstMs });
  });
}
