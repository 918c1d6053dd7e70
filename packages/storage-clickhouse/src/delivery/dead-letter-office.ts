import { backoffDelayMs, errorMessage, redactText, sleep } from "@chimera/dlq";
import type { DeadLetterStore } from "@chimera/dlq";

import type { ResolvedOptions } from "../adapter-options.ts";
import type { Alarms } from "../alarms.ts";
import { ClickHouseStorageError } from "../errors.ts";
import { errorOf } from "../failure.ts";
import type { InsertCounters } from "../metrics.ts";
import type { TableName } from "../table-name.ts";
import { untilAborted } from "../until-aborted.ts";

import type { Refusal } from "./courier.ts";
import { letterOf } from "./letters.ts";

/** What became of rows that were not stored: durably dead-lettered, or the error their callers get. */
export type Fate = "dead-lettered" | ClickHouseStorageError;

/** What an office works with. */
export interface DeadLetterOfficeParts {
  readonly table: TableName;
  /** `null`: nothing is dead-lettered, callers get the error. */
  readonly store: DeadLetterStore | null;
  readonly options: ResolvedOptions;
  readonly alarms: Alarms;
  readonly counters: InsertCounters;
}

/** Appends that are tried before the rows go back to their callers as failed: with the default backoff about 3 s. */
const APPEND_ATTEMPTS = 6;

/** Makes dead letters of what was refused, and sees to it that they are durable. */
export class DeadLetterOffice {
  readonly #parts: DeadLetterOfficeParts;

  constructor(parts: DeadLetterOfficeParts) {
    this.#parts = parts;
  }

  /**
   * Stores refusals as letters; answers the fate of each in order. Resolves only when the letters are durable,
   * or were given up: then the rows are in no store, and their callers are told so with a retryable error.
   */
  async keep(refusals: readonly Refusal[], signal?: AbortSignal): Promise<readonly Fate[]> {
    const { store, table, options, counters } = this.#parts;
    const what = `Insert into ${table.given} failed`;
    if (store === null) return refusals.map(({ failure }) => errorOf(failure, what));
    const letters = refusals.map((refusal) => letterOf(refusal, table, options.clock.now()));
    const failed = await this.#append(store, letters, signal);
    if (failed !== undefined) return refusals.map(() => failed);
    for (const { part, failure } of refusals) {
      counters.deadLettered(part.rowCount);
      options.logger.warn("clickhouse.dead_lettered", {
        table: table.given,
        rows: part.rowCount,
        code: failure.code,
        message: failure.message,
      });
    }
    return refusals.map(() => "dead-lettered");
  }

  async #append(
    store: DeadLetterStore,
    letters: Parameters<DeadLetterStore["append"]>[0],
    signal: AbortSignal | undefined,
  ): Promise<ClickHouseStorageError | undefined> {
    const { table, options, alarms } = this.#parts;
    const key = `dead-letters:${table.given}`;
    for (let attempt = 1; ; attempt++) {
      try {
        // An append that nobody waits for would store letters of rows that are answered as lost.
        signal?.throwIfAborted();
        // A store that hangs must not hang `close`.
        await untilAborted(store.append(letters), signal);
        alarms.clear(key);
        return undefined;
      } catch (error) {
        const message = redactText(errorMessage(error));
        const code = "CLICKHOUSE_DEAD_LETTERS_FAILED";
        alarms.raise(key, { table: table.given, code, message });
        options.logger.error("clickhouse.dead_letters_failed", { table: table.given, attempt, message });
        const over = attempt === APPEND_ATTEMPTS || signal?.aborted === true;
        const delayMs = backoffDelayMs(attempt, options.backoff, options.random);
        if (over || !(await slept(options, delayMs, signal))) {
          return new ClickHouseStorageError(
            code,
            `Rows for ${table.given} were neither stored nor dead-lettered: ${message}`,
            { retryable: true },
          );
        }
      }
    }
  }
}

async function slept(
  { clock }: ResolvedOptions,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await sleep(clock, delayMs, signal);
    return true;
  } catch {
    return false;
  }
}
