import { randomUUID } from "node:crypto";
import type {
  DeadLetter,
  DeadLetterEnvelope,
  DeadLetterFilter,
  DeadLetterStats,
  DeadLetterStore,
  IntakeOptions,
  Logger,
  StoredDeadLetter,
} from "@chimera/dlq";
import { createIntake, DlqError, errorMessage, stderrLogger } from "@chimera/dlq";
import type { TableName } from "../bulk/columns.ts";
import type { PostgresAdapter } from "../postgres-adapter.ts";
import type { QueryResult } from "../query.ts";
import type { SqlStatement } from "../sql.ts";
import { sql } from "../sql.ts";
import { appendParts } from "./append-parts.ts";
import { InFlight } from "./in-flight.ts";
import type { Claim } from "./open-claims.ts";
import { reportToDlq } from "./report-to-dlq.ts";
import type { LetterRow } from "./row-codec.ts";
import { fromRow, toColumns } from "./row-codec.ts";
import type { ClaimSource, SharedReplayOptions } from "./shared-replay.ts";
import { SharedReplay } from "./shared-replay.ts";
import { DeadLetterStatements } from "./statements.sql.ts";
import type { StatsRow } from "./stats-rows.ts";
import { sumUp } from "./stats-rows.ts";
import { DEAD_LETTER_TABLE, deadLetterTableSql } from "./table.sql.ts";

/** Options of {@link PostgresDeadLetterStore}. */
export interface PostgresDeadLetterStoreOptions extends IntakeOptions {
  /** Shared with whoever else uses it; the store never closes it. */
  readonly adapter: PostgresAdapter;
  /** @defaultValue "chimera_dead_letters" */
  readonly table?: TableName;
  /** Makes the ids of appends. @defaultValue random UUIDs */
  readonly createId?: () => string;
  readonly logger?: Logger;
}

/** Letters read at once: with payloads of 1 MiB still a bounded piece of memory. */
const PAGE_LETTERS = 50;
/** Milliseconds for giving claims back: a replay that ends because the server is down ends soon after. */
const GIVE_BACK_MS = 5_000;
/** The key of the advisory lock under which the table is made: "chimera" in ASCII. */
const MIGRATION_LOCK = 0x63_68_69_6d_65_72_61n;

/**
 * Dead letters in a table, for teams with more than one machine. `append` resolves when the server has committed.
 *
 * Every call may be repeated by the adapter: a letter that was stored by a try whose answer was lost is not
 * stored again over what happened to it since. Only one that was purged or withdrawn meanwhile is there again, since
 * nothing is left to know it by: listed once too often, never lost. Two replays at once share the work through
 * {@link sharedReplay}.
 *
 * @throws DlqError from every call; `DLQ_UNAVAILABLE` (retryable) while the server cannot serve.
 */
export class PostgresDeadLetterStore implements DeadLetterStore {
  readonly #adapter: PostgresAdapter;
  readonly #table: TableName;
  readonly #statements: DeadLetterStatements;
  readonly #intake: (letter: DeadLetter) => DeadLetter;
  readonly #createId: () => string;
  readonly #logger: Logger;
  readonly #inFlight = new InFlight();

  /** @throws PostgresError `POSTGRES_INVALID` for a table's name; DlqError `DLQ_INVALID` for a path in `redact`. */
  constructor({ adapter, table = DEAD_LETTER_TABLE, ...options }: PostgresDeadLetterStoreOptions) {
    this.#adapter = adapter;
    this.#table = table;
    this.#statements = new DeadLetterStatements(typeof table === "string" ? sql.id(table) : sql.id(...table));
    this.#intake = createIntake(options);
    this.#createId = options.createId ?? randomUUID;
    this.#logger = options.logger ?? stderrLogger;
  }

  /** Makes the table unless it is there. Safe from any number of processes at once: an advisory lock lets one through. */
  async migrate(): Promise<void> {
    const text = deadLetterTableSql(this.#table);
    await this.#guarded(async () =>
      this.#adapter.transaction(
        async (transaction) => {
          await transaction.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
          await transaction.query(text);
        },
        { idempotent: true },
      ),
    );
  }

  async append(letters: readonly DeadLetter[]): Promise<void> {
    const parts = [...appendParts(letters.map(this.#intake))];
    await this.#guarded(async () => {
      for (const part of parts) {
        await this.#query(this.#statements.append(part.map(toColumns), this.#createId()));
      }
    });
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    await this.#guarded(async () => this.#query(this.#statements.withdraw(ids)));
  }

  async *list(
    filter: DeadLetterFilter = {},
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<StoredDeadLetter, void, undefined> {
    const lastSeq = await this.#lastSeq();
    for (let after = "0"; ;) {
      signal?.throwIfAborted();
      const statement = this.#statements.page(filter, after, lastSeq, PAGE_LETTERS);
      const { rows } = await this.#guarded(async () => this.#query<LetterRow>(statement));
      for (const row of rows) {
        signal?.throwIfAborted();
        after = row.seq;
        yield* this.#read(row);
      }
      if (rows.length < PAGE_LETTERS) return;
    }
  }

  /**
   * A view for replays at the same time: its `list` hands each letter to one view at a time, for `leaseMs`. A replay
   * that is stopped gives back what it had not dealt with; one that is killed loses it to the others after `leaseMs`.
   * All else is this store.
   */
  sharedReplay(options: SharedReplayOptions = {}): DeadLetterStore {
    const source: ClaimSource = {
      createId: this.#createId,
      lastSeq: async () => this.#lastSeq(),
      claim: async (...what) => {
        const { rows } = await this.#guarded(async () =>
          this.#query<LetterRow>(this.#statements.claim(...what)),
        );
        // UPDATE returns rows in any order.
        return rows.toSorted((one, other) => Number(BigInt(one.seq) - BigInt(other.seq)));
      },
      giveBack: async (claims) => this.#giveBack(claims),
      read: (row) => this.#read(row),
    };
    return new SharedReplay(this, source, options);
  }

  async markReplayed(letters: readonly Pick<DeadLetterEnvelope, "id" | "ts">[]): Promise<void> {
    await this.#guarded(async () => this.#query(this.#statements.markReplayed(letters)));
  }

  async purge(filter: DeadLetterFilter): Promise<number> {
    const { rowCount } = await this.#guarded(async () => this.#query(this.#statements.purge(filter)));
    return rowCount;
  }

  async stats(filter: DeadLetterFilter = {}): Promise<DeadLetterStats> {
    const { rows } = await this.#guarded(async () => this.#query<StatsRow>(this.#statements.stats(filter)));
    return sumUp(rows);
  }

  async ping(): Promise<void> {
    const { rows } = await this.#guarded(async () =>
      this.#query<{ ok: boolean }>(this.#statements.mayWrite()),
    );
    if (rows[0]?.ok !== true)
      throw new DlqError(
        "DLQ_NOT_WRITABLE",
        "The server takes only reads, or this user may not write the table",
      );
  }

  async close({ deadlineMs = 10_000 }: { readonly deadlineMs?: number } = {}): Promise<void> {
    await this.#inFlight.close(deadlineMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #lastSeq(): Promise<string> {
    const { rows } = await this.#guarded(async () =>
      this.#query<{ seq: string }>(this.#statements.lastSeq()),
    );
    return rows[0]?.seq ?? "0";
  }

  async #giveBack(claims: readonly Claim[]): Promise<void> {
    if (claims.length === 0) return;
    try {
      await this.#guarded(async () =>
        this.#adapter.query(this.#statements.giveBack(claims), {
          idempotent: true,
          deadlineMs: GIVE_BACK_MS,
        }),
      );
    } catch (error) {
      this.#logger.warn("dlq.claims_kept", { letters: claims.length, message: errorMessage(error) });
    }
  }

  /** Every statement here may run twice: see the statements. */
  async #query<Row>(statement: SqlStatement): Promise<QueryResult<Row>> {
    return this.#adapter.query<Row>(statement, { idempotent: true });
  }

  async #guarded<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#inFlight.run(call);
    } catch (error) {
      throw reportToDlq(error);
    }
  }

  *#read(row: LetterRow): Generator<StoredDeadLetter, void, undefined> {
    let stored: StoredDeadLetter;
    try {
      stored = fromRow(row);
    } catch (error) {
      this.#logger.warn("dlq.row_unreadable", { seq: row.seq, message: errorMessage(error) });
      return;
    }
    yield stored;
  }
}
