import type { ReplayItem, ReplayOutcome, ReplayTarget } from "@chimera/dlq";

import { Batch } from "./batch/batch.ts";
import type { Courier } from "./delivery/courier.ts";
import type { DeadLetterOffice } from "./delivery/dead-letter-office.ts";
import { bytesOfLetter, tableOfTarget } from "./delivery/letters.ts";
import type { DirectCalls } from "./direct-calls.ts";
import { ClickHouseStorageError } from "./errors.ts";
import { errorOf } from "./failure.ts";

/** The way to a letter's table. */
export interface ReplayRoute {
  readonly courier: Courier;
  /** Takes bad rows of a letter with several; `undefined`: such a letter fails whole. */
  readonly office: DeadLetterOffice | undefined;
}

/** Letters under way at once: each is an insert of its own, under its own token. */
const CONCURRENCY = 4;

/**
 * Sends letters back to the tables they were meant for, each under the token it was first sent with, so that the
 * server recognises rows that had been stored all along.
 *
 * A letter without a token goes under its replay's id. Of a letter with many rows, bad ones become letters of
 * their own and the rest is stored.
 */
export class ClickHouseReplayTarget implements ReplayTarget {
  readonly name: string;
  readonly #routeTo: (table: string) => ReplayRoute;
  readonly #calls: DirectCalls;
  readonly #table: string | undefined;

  /**
   * @param routeTo - throws an error that is `retryable` once the adapter is closed.
   * @param table - where letters of other targets go too; without it they are answered `failed`.
   */
  constructor(routeTo: (table: string) => ReplayRoute, calls: DirectCalls, table?: string) {
    this.#routeTo = routeTo;
    this.#calls = calls;
    this.#table = table;
    this.name = table === undefined ? "clickhouse" : `clickhouse:${table}`;
  }

  async take(
    items: readonly ReplayItem[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly ReplayOutcome[]> {
    return this.#calls.run(async ({ giveUp }) => this.#takeAll(items, giveUp), signal);
  }

  async #takeAll(items: readonly ReplayItem[], signal: AbortSignal): Promise<readonly ReplayOutcome[]> {
    const outcomes: ReplayOutcome[] = Array.from({ length: items.length }, () => NOT_TAKEN);
    const queue = items.entries();
    const worker = async (): Promise<void> => {
      for (const [index, item] of queue) outcomes[index] = await this.#takeOne(item, signal);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    return outcomes;
  }

  async #takeOne(item: ReplayItem, signal: AbortSignal): Promise<ReplayOutcome> {
    const { letter } = item;
    const table = this.#table ?? tableOfTarget(letter.target);
    try {
      if (table === undefined) throw notForUs(letter.target);
      const { courier, office } = this.#routeTo(table);
      const batch = batchOf(item);
      const refusals = await courier.deliver(batch, signal);
      const [first] = refusals;
      if (first === undefined) return "taken";
      const what = `Replay into ${table} failed`;
      const refusedAll = refusals.reduce((rows, { part }) => rows + part.rowCount, 0) === batch.rowCount;
      if (refusedAll || office === undefined)
        return { status: "failed", error: errorOf(first.failure, what) };
      const [fate] = await office.keep(refusals, signal);
      return fate === "dead-lettered" ? "taken" : { status: "failed", error: fate };
    } catch (error) {
      return { status: "failed", error };
    }
  }
}

const NOT_TAKEN: ReplayOutcome = { status: "failed", error: new Error("not taken") };

function batchOf({ letter, replayId }: ReplayItem): Batch {
  const bytes = bytesOfLetter(letter);
  const line = bytes.at(-1) === NEWLINE ? bytes : Buffer.concat([bytes, Buffer.from([NEWLINE])]);
  const rowCount = countLines(line);
  return new Batch({
    token: letter.token ?? replayId,
    rows: { rowCount, byteLength: line.length, pieces: [line] },
    firstMs: Date.parse(letter.firstTs),
    replays: letter.replays + 1,
  });
}

const NEWLINE = 0x0a;

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}

function notForUs(target: string): ClickHouseStorageError {
  return new ClickHouseStorageError(
    "CLICKHOUSE_INVALID",
    `Expected a letter for \`clickhouse:<table>\`, got one for \`${target}\`: name the table to send it to`,
  );
}
