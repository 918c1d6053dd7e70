import { randomUUID } from "node:crypto";
import type { PostgresAdapter } from "../../src/index.ts";
import { isOutcomeUnknownError } from "../../src/index.ts";

/** What callers were told of effects, and what the table holds of them. */
export interface EffectCount {
  readonly resolved: number;
  readonly unknown: number;
  readonly refused: number;
  /** Ids whose call resolved and that are not there. */
  readonly lost: number;
  /** Ids that are there more than once. */
  readonly doubled: number;
  /** Ids whose call was refused for sure and that are there all the same. */
  readonly phantom: number;
  /** The errors of refused calls. */
  readonly errors: readonly unknown[];
}

/** Effects in a table that would take each any number of times, so that a second one shows. */
export class Effects {
  readonly #told = new Map<string, "resolved" | "unknown" | "refused">();
  readonly #errors: unknown[] = [];
  #resolved = 0;

  static async createTable(db: PostgresAdapter): Promise<void> {
    await db.query("create table if not exists effects (id uuid not null); truncate effects");
  }

  /** Lets `act` store one new id, and notes what it was told. */
  async try(act: (id: string) => Promise<unknown>): Promise<void> {
    const id = randomUUID();
    try {
      await act(id);
      this.#told.set(id, "resolved");
      this.#resolved += 1;
    } catch (error) {
      this.#told.set(id, isOutcomeUnknownError(error) ? "unknown" : "refused");
      if (!isOutcomeUnknownError(error)) this.#errors.push(error);
    }
  }

  /** How many calls resolved so far. */
  get resolved(): number {
    return this.#resolved;
  }

  async count(db: PostgresAdapter): Promise<EffectCount> {
    const { rows } = await db.query<{ id: string; times: number }>(
      "select id, count(*)::int as times from effects group by id",
    );
    const times = new Map(rows.map((row) => [row.id, row.times]));
    const told = [...this.#told];
    const of = (kind: string): number => told.filter(([, each]) => each === kind).length;
    return {
      resolved: this.#resolved,
      unknown: of("unknown"),
      refused: of("refused"),
      lost: told.filter(([id, each]) => each === "resolved" && !times.has(id)).length,
      doubled: rows.filter((row) => row.times > 1).length,
      phantom: told.filter(([id, each]) => each === "refused" && times.has(id)).length,
      errors: this.#errors,
    };
  }
}
