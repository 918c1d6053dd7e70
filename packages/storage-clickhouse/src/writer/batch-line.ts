import type { Clock, Timer } from "@chimera/dlq";

import { setImmediate as turnOfTheLoop } from "node:timers/promises";

import { Batch } from "../batch/batch.ts";
import type { Fate } from "../delivery/dead-letter-office.ts";
import type { BufferGauges } from "../metrics.ts";
import { ChunkArena, RowBuffer } from "../rows/row-buffer.ts";

import type { Entry, Ticket } from "./tickets.ts";
import type { ResolvedWriterOptions } from "./writer-options.ts";

/** What a line works with. */
export interface BatchLineParts {
  readonly options: ResolvedWriterOptions;
  readonly clock: Clock;
  readonly createId: () => string;
  /** Takes a batch to its end; answers the rows that are not stored. */
  readonly send: (batch: Batch) => Promise<ReadonlyMap<number, Fate>>;
}

/** Rows that gather, and who waits for each. */
interface Gathering {
  readonly batch: Batch;
  readonly rows: RowBuffer;
  readonly tickets: Ticket[];
  readonly sinceMs: number;
  readonly settled: Promise<void>;
  readonly settle: () => void;
  /** It goes as soon as an insert may start, full or not. */
  due: boolean;
}

/**
 * Gathers rows into batches and sends them, a few at a time, in bounded memory.
 *
 * A full batch goes at once. With no insert in flight, the first rows go at once too while the next gather,
 * inserts at least `minGapMs` apart: a caller that awaits its row is not held back by a timer, and the table is
 * not flooded with small parts. While inserts run, rows gather until they end or `maxDelayMs` is over.
 */
export class BatchLine {
  readonly #parts: BatchLineParts;
  readonly #arena = new ChunkArena();
  /** Entries that wait for room, first come first served, by the number of their arrival. */
  readonly #waiting = new Map<Entry, number>();
  #arrivals = 0;
  readonly #ready: Gathering[] = [];
  /** All that are not settled: gathering, ready or in flight. */
  readonly #batches = new Set<Gathering>();
  #gathering: Gathering | undefined;
  #timer: Timer | undefined;
  #bufferedBytes = 0;
  #bufferedRows = 0;
  #inFlight = 0;
  #fullBatches = 0;
  /** The full batches of which the event loop has had a turn to send some. */
  #sentOut = 0;
  #wantSlack: (() => void)[] = [];
  #lastStartMs = -Infinity;
  #flushes = 0;
  #turns = 0;

  constructor(parts: BatchLineParts) {
    this.#parts = parts;
  }

  get gauges(): BufferGauges {
    return {
      bufferedRows: this.#bufferedRows,
      bufferedBytes: this.#bufferedBytes,
      waitingWrites: this.#waiting.size,
      insertsInFlight: this.#inFlight,
    };
  }

  /** Batches that were filled so far. */
  get fullBatches(): number {
    return this.#fullBatches;
  }

  /**
   * Resolves when the next batch is worth encoding: after those started have gone out, and while none waits for
   * its turn. Encoding then overlaps with inserting, and no more is encoded than can be sent soon.
   */
  async slack(): Promise<void> {
    if (this.#fullBatches !== this.#sentOut) {
      this.#sentOut = this.#fullBatches;
      await turnOfTheLoop();
    }
    while (this.#ready.length > 0) await new Promise<void>((resolve) => this.#wantSlack.push(resolve));
  }

  /** Places a row; or lets it wait for room behind those that wait already, and answers `false`. */
  submit(entry: Entry): boolean {
    if (this.#waiting.size === 0 && this.#fits(entry)) {
      this.#place(entry);
      return true;
    }
    this.#waiting.set(entry, ++this.#arrivals);
    return false;
  }

  /** Gives the event loop a turn in the middle of many rows; what they are gathered into is not sent for it. */
  async turn(): Promise<void> {
    this.#turns += 1;
    await turnOfTheLoop();
    this.#turns -= 1;
  }

  /** Sends what came due during turns: the many rows are placed. */
  goOn(): void {
    this.#pump();
  }

  /** Resolves when a waiting entry has found room. */
  async placed(entry: Entry): Promise<void> {
    this.#pump();
    await new Promise<void>((resolve) => (entry.placed = resolve));
  }

  /** Takes a row back; `taken` is called when it is sure that it will not be stored. */
  withdraw(entry: Entry, taken: () => void): void {
    if (this.#waiting.delete(entry)) taken();
    else if (entry.batch !== undefined && entry.index !== undefined) entry.batch.withdraw(entry.index, taken);
  }

  /** Sends everything that was submitted before the call, and waits until each row's fate is known. */
  async flush(): Promise<void> {
    this.#flushes += 1;
    const last = this.#arrivals;
    try {
      this.#pump();
      while (this.#longestWaiting <= last) {
        await Promise.race([...this.#batches].map(async ({ settled }) => settled));
      }
      await Promise.all([...this.#batches].map(async ({ settled }) => settled));
    } finally {
      this.#flushes -= 1;
    }
  }

  /** The arrival of the entry that waits longest; Infinity when none does. An entry that comes again arrives anew. */
  get #longestWaiting(): number {
    for (const arrival of this.#waiting.values()) return arrival;
    return Infinity;
  }

  #fits({ row }: Entry): boolean {
    const { maxBufferedBytes } = this.#parts.options;
    return this.#bufferedBytes === 0 || this.#bufferedBytes + row.length + 1 <= maxBufferedBytes;
  }

  #place(entry: Entry): void {
    const { maxRows, maxBytes } = this.#parts.options;
    if (this.#gathering !== undefined && this.#gathering.rows.byteLength + entry.row.length >= maxBytes)
      this.#seal();
    const gathering = (this.#gathering ??= this.#begin());
    const { batch, rows, tickets } = gathering;
    entry.batch = batch;
    entry.index = rows.rowCount;
    this.#bufferedBytes += rows.append(entry.row);
    tickets.push(entry.ticket);
    this.#bufferedRows += 1;
    if (rows.rowCount >= maxRows || rows.byteLength >= maxBytes) this.#seal();
    entry.placed?.();
  }

  #begin(): Gathering {
    const { clock, createId } = this.#parts;
    const rows = new RowBuffer(this.#arena);
    const batch = new Batch({ token: createId(), rows, firstMs: clock.now() });
    const { promise: settled, resolve: settle } = deferred();
    const sinceMs = clock.monotonic();
    const gathering: Gathering = { batch, rows, tickets: [], sinceMs, settled, settle, due: false };
    this.#batches.add(gathering);
    this.#schedule(gathering);
    return gathering;
  }

  /** Full: it waits for its turn, and the next row starts another. */
  #seal(): void {
    if (this.#gathering === undefined) return;
    this.#ready.push(this.#gathering);
    this.#fullBatches += 1;
    this.#gathering = undefined;
    this.#timer?.cancel();
    this.#pump();
  }

  #schedule(gathering: Gathering): void {
    const { clock, options } = this.#parts;
    const idle = this.#inFlight === 0 && this.#ready.length === 0;
    const latestMs = gathering.sinceMs + options.maxDelayMs;
    const soonMs = this.#flushes > 0 ? -Infinity : this.#lastStartMs + options.minGapMs;
    const dueMs = idle || this.#flushes > 0 ? Math.min(latestMs, soonMs) : latestMs;
    this.#timer?.cancel();
    this.#timer = clock.schedule(
      () => {
        gathering.due = true;
        this.#pump();
      },
      Math.max(0, dueMs - clock.monotonic()),
    );
  }

  /** Starts inserts while there is something to send and room in flight. */
  #pump(): void {
    while (this.#inFlight < this.#parts.options.concurrency) {
      const next = this.#ready.shift() ?? this.#takeDue();
      if (next === undefined) break;
      this.#bufferedBytes += next.rows.finish();
      this.#inFlight += 1;
      this.#lastStartMs = this.#parts.clock.monotonic();
      void this.#run(next);
    }
    if (this.#ready.length > 0 || this.#wantSlack.length === 0) return;
    const waiting = this.#wantSlack;
    this.#wantSlack = [];
    for (const goOn of waiting) goOn();
  }

  #takeDue(): Gathering | undefined {
    const gathering = this.#gathering;
    const wanted = this.#flushes > 0 || (gathering?.due === true && this.#turns === 0);
    if (gathering === undefined || !wanted) return undefined;
    this.#gathering = undefined;
    this.#timer?.cancel();
    return gathering;
  }

  /** Never rejects. */
  async #run(gathering: Gathering): Promise<void> {
    const { batch, tickets } = gathering;
    const unstored = await this.#send(batch);
    if (unstored instanceof Error) for (const ticket of tickets) ticket.settle(unstored);
    else if (unstored.size === 0) for (const ticket of tickets) ticket.settle("stored");
    else tickets.forEach((ticket, index) => ticket.settle(unstored.get(index) ?? "stored"));
    gathering.settle();
    this.#batches.delete(gathering);
    this.#inFlight -= 1;
    this.#bufferedBytes -= batch.byteLength;
    this.#bufferedRows -= batch.rowCount;
    for (const entry of this.#waiting.keys()) {
      if (!this.#fits(entry)) break;
      this.#waiting.delete(entry);
      this.#place(entry);
    }
    if (this.#gathering !== undefined && !this.#gathering.due) this.#schedule(this.#gathering);
    this.#pump();
  }

  /** A fault of ours must not leave callers waiting for ever. */
  async #send(batch: Batch): Promise<ReadonlyMap<number, Fate> | Error> {
    try {
      return await this.#parts.send(batch);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let settle: (() => void) | undefined;
  const promise = new Promise<void>((resolve) => (settle = resolve));
  return { promise, resolve: () => settle?.() };
}
