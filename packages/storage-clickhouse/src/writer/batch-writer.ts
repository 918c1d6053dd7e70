import type { Clock } from "@chimera/dlq";

import type { Batch } from "../batch/batch.ts";
import type { Fate } from "../delivery/dead-letter-office.ts";
import type { SendBatchOptions } from "../delivery/send-batch.ts";
import { Ending } from "../ending.ts";
import { ClickHouseStorageError } from "../errors.ts";
import type { BufferGauges } from "../metrics.ts";
import type { FieldRules } from "../rows/field-rules.ts";
import { encodedBytes } from "../rows/row-buffer.ts";
import { encodeRow } from "../rows/row-encoder.ts";
import type { EncodedRow } from "../rows/row-encoder.ts";
import { untilAborted } from "../until-aborted.ts";

import { BatchLine } from "./batch-line.ts";
import { GroupTicket, RowTicket } from "./tickets.ts";
import type { Entry, WriteResult, WriteSummary } from "./tickets.ts";
import { TokenMemory } from "./token-memory.ts";
import type { ResolvedWriterOptions } from "./writer-options.ts";

/** Options of {@link BatchWriter.write}. */
export interface WriteOptions {
  /**
   * Takes the row back if it was not sent yet; then the call rejects with the signal's reason. A row that may be
   * stored cannot be taken back: the call goes on and answers what became of it.
   */
  readonly signal?: AbortSignal;
  /**
   * Names the row, such as a job's id. A second call with the token of a row that is on its way, or was lately
   * settled by this writer, gets that row's answer and writes nothing.
   */
  readonly token?: string;
}

/** What a writer is made from. */
export interface BatchWriterParts {
  readonly options: ResolvedWriterOptions;
  readonly rules: FieldRules;
  readonly clock: Clock;
  readonly createId: () => string;
  /** As it was given. */
  readonly table: string;
  /** Takes a batch all the way; answers the rows that are not stored. */
  readonly send: (batch: Batch, options: SendBatchOptions) => Promise<ReadonlyMap<number, Fate>>;
  /** Called once, when the writer is closed. */
  readonly onClose: () => void;
}

/** Writes rows into one table in batches. Made by {@link ClickHouseAdapter.writer}. */
export class BatchWriter<Row extends object = Record<string, unknown>> {
  readonly #parts: BatchWriterParts;
  readonly #line: BatchLine;
  readonly #tokens: TokenMemory;
  readonly #ending: Ending;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(parts: BatchWriterParts) {
    this.#parts = parts;
    this.#tokens = new TokenMemory(parts.options.rememberTokens);
    this.#ending = new Ending(parts.clock);
    const { signals } = this.#ending;
    this.#line = new BatchLine({ ...parts, send: async (batch) => parts.send(batch, signals) });
  }

  /** The table as it was given. */
  get table(): string {
    return this.#parts.table;
  }

  /** What the writer holds right now. */
  get gauges(): BufferGauges {
    return this.#line.gauges;
  }

  /**
   * Writes a row; resolves when its batch is stored, or the row is durably dead-lettered, and says which. A
   * caller that acknowledges its job only then loses nothing.
   *
   * The row is encoded when the call is made: changing it afterwards changes nothing. With a full buffer the
   * call waits for room first.
   *
   * @throws ClickHouseStorageError `CLICKHOUSE_ROW_INVALID` or `CLICKHOUSE_ROW_TOO_LARGE` at once;
   * `CLICKHOUSE_DEAD_LETTERS_FAILED` (retryable) when the row could be neither stored nor dead-lettered; the
   * insert's own error where `deadLetters` is `null`; `CLICKHOUSE_CLOSED` after `close`. The signal's reason when
   * the row was taken back.
   */
  // Not async: 300 000 rows a second are as many promises, and an async function makes three of each.
  // oxlint-disable-next-line typescript/promise-function-async
  write(row: Row, options?: WriteOptions): Promise<WriteResult> {
    if (options !== undefined) return this.#writeWith(row, options);
    return new Promise((resolve, reject) => {
      this.#line.submit({ row: this.#encode(row), ticket: new RowTicket(resolve, reject) });
    });
  }

  /**
   * Writes rows as fast as the buffer takes them, and resolves when all are stored or durably dead-lettered. An
   * iterable is read only as far as there is room, so a source of any length runs in bounded memory.
   *
   * @param options.signal - stops reading; rows already read go on, and the call rejects with the signal's reason
   * once they are settled.
   * @throws as {@link write}; rows before a bad one go on and are settled first.
   */
  async writeMany(
    rows: Iterable<Row> | AsyncIterable<Row>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<WriteSummary> {
    const group = new GroupTicket();
    try {
      if (Symbol.iterator in rows) await this.#placeAll(rows, group, signal);
      else for await (const row of rows) await this.#placeAll([row], group, signal);
    } catch (error) {
      await group.summary();
      throw error;
    }
    return group.summary();
  }

  /** Sends everything written before the call, full or not; resolves when the fate of each of these rows is known. */
  async flush(): Promise<void> {
    await this.#line.flush();
  }

  /**
   * Takes no more rows, sends what there is, and dead-letters what could not be stored in time.
   *
   * The last quarter of the deadline (2 s at most) is kept for dead-lettering. Always resolves within the
   * deadline; rows that could not even be dead-lettered by then reject with `CLICKHOUSE_DEAD_LETTERS_FAILED`.
   *
   * @param options.deadlineMs - milliseconds. @defaultValue 10_000
   */
  async close({ deadlineMs = 10_000 }: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(deadlineMs: number): Promise<void> {
    await this.#ending.within(deadlineMs, this.#line.flush());
    this.#parts.onClose();
  }

  /** A repeat waits for the first; when that failed, it is written after all. */
  async #repeat(
    earlier: Promise<WriteResult> | WriteResult,
    row: Row,
    options: WriteOptions,
  ): Promise<WriteResult> {
    try {
      return await untilAborted(Promise.resolve(earlier), options.signal);
    } catch {
      return this.#writeWith(row, options);
    }
  }

  async #writeWith(row: Row, options: WriteOptions): Promise<WriteResult> {
    const { token, signal } = options;
    signal?.throwIfAborted();
    if (token === undefined) return this.#accept(row, signal);
    const earlier = this.#tokens.find(token);
    if (earlier !== undefined) return this.#repeat(earlier, row, options);
    const result = this.#accept(row, signal);
    this.#tokens.remember(token, result);
    return result;
  }

  async #accept(row: Row, signal: AbortSignal | undefined): Promise<WriteResult> {
    if (signal === undefined) return this.write(row);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#line.withdraw(entry, () => reject(signal.reason as Error));
      const ticket = new RowTicket(resolve, reject);
      const settle = (outcome: WriteResult | Error): void => {
        signal.removeEventListener("abort", onAbort);
        ticket.settle(outcome);
      };
      const entry: Entry = { row: this.#encode(row), ticket: { settle } };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#line.submit(entry);
    });
  }

  /** Places rows of a group; answers once the last is in the buffer. */
  async #placeAll(rows: Iterable<Row>, group: GroupTicket, signal: AbortSignal | undefined): Promise<void> {
    // One entry for all: the next row is only encoded once this one has its place.
    const entry: Entry = { row: "", ticket: group };
    await this.#line.slack();
    let { fullBatches } = this.#line;
    let sinceTurn = 0;
    try {
      for (const row of rows) {
        signal?.throwIfAborted();
        entry.row = this.#encode(row);
        group.add();
        if (!this.#line.submit(entry)) await this.#line.placed(entry);
        if (++sinceTurn === ROWS_PER_TURN) {
          sinceTurn = 0;
          await this.#line.turn();
        }
        if (fullBatches === this.#line.fullBatches) continue;
        await this.#line.slack();
        ({ fullBatches } = this.#line);
      }
    } finally {
      this.#line.goOn();
    }
  }

  /** Encodes a row, once. */
  #encode(row: Row): EncodedRow {
    if (this.#closing !== undefined) {
      throw new ClickHouseStorageError("CLICKHOUSE_CLOSED", `The writer of ${this.table} was closed`);
    }
    const encoded = encodeRow(row, this.#parts.rules);
    const { maxBytes } = this.#parts.options;
    if (encoded.length * MAX_BYTES_PER_UNIT >= maxBytes && encodedBytes(encoded) >= maxBytes) {
      throw new ClickHouseStorageError(
        "CLICKHOUSE_ROW_TOO_LARGE",
        `Expected a row of less than ${maxBytes} bytes (\`maxBytes\`), got ${encodedBytes(encoded)}`,
      );
    }
    return encoded;
  }
}

/** Rows that are encoded at a stretch, about a millisecond: inserts that run must get their turns meanwhile. */
const ROWS_PER_TURN = 1_000;
/** Bytes of UTF-8 per UTF-16 unit at worst. */
const MAX_BYTES_PER_UNIT = 3;
