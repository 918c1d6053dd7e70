import { MemoryDeadLetterStore } from "@chimera/dlq";
import type { DeadLetterStore } from "@chimera/dlq";
import type { ClickHouseAdapter, ClickHouseOptions, BatchWriterOptions } from "../../src/index.ts";

import { countOf, freshTable, open } from "./clickhouse.ts";
import type { Engine } from "./engines.ts";

/** What a table holds of what was written, by count. */
export interface Tally {
  readonly written: number;
  readonly deadLettered: number;
  /** What the dead letters say. */
  readonly reasons: readonly string[];
  /** Calls of `write` that rejected. */
  readonly failed: number;
  /** Written, and neither in the table nor in the dead letters. */
  readonly lost: number;
  /** Rows in the table beyond one each. */
  readonly doubled: number;
}

/** Options of {@link Load.start}. */
export interface LoadOptions {
  /** Handlers that each await one row after the other. @defaultValue 100 */
  readonly handlers?: number;
  readonly adapter?: Partial<ClickHouseOptions>;
  readonly writer?: BatchWriterOptions;
  /** Where the adapter connects. @defaultValue the engine itself */
  readonly url?: string;
}

/** Handlers that write rows into a table of their own, all the time, until they are told to stop. */
export class Load {
  readonly table: string;
  readonly adapter: ClickHouseAdapter;
  readonly #deadLetters: DeadLetterStore;
  readonly #engine: Engine;
  readonly #options: LoadOptions;
  readonly #handlers: Promise<void>[] = [];
  #stopping = false;
  #written = 0;
  #stored = 0;
  #deadLettered = 0;
  #failed = 0;

  private constructor(
    engine: Engine,
    adapter: ClickHouseAdapter,
    deadLetters: DeadLetterStore,
    options: LoadOptions,
  ) {
    this.#engine = engine;
    this.#deadLetters = deadLetters;
    this.#options = options;
    this.adapter = adapter;
    this.table = freshTable();
  }

  /** Opens an adapter, makes the table unless told otherwise, and starts writing. */
  static async start(
    engine: Engine,
    options: LoadOptions = {},
    { createTable = true }: { readonly createTable?: boolean } = {},
  ): Promise<Load> {
    const deadLetters = new MemoryDeadLetterStore();
    const adapter = await open({ url: options.url ?? engine.service.url, deadLetters, ...options.adapter });
    const load = new Load(engine, adapter, deadLetters, options);
    if (createTable) await load.createTable();
    load.#start();
    return load;
  }

  get written(): number {
    return this.#written;
  }

  get stored(): number {
    return this.#stored;
  }

  /** Makes the table, through a connection of its own. */
  async createTable(): Promise<void> {
    await using direct = await open({ url: this.#engine.service.url });
    await direct.command(this.#engine.createEvents(this.table));
  }

  /** Resolves once this many more rows are stored. */
  async storedMore(rows: number): Promise<void> {
    const goal = this.#stored + rows;
    while (this.#stored < goal) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Lets every handler end its row, and counts. */
  async stop(): Promise<Tally> {
    this.#stopping = true;
    await Promise.all(this.#handlers);
    await this.adapter.close();
    await using direct = await open({ url: this.#engine.service.url });
    const { rows, ids } = await countOf(direct, this.table);
    const reasons: string[] = [];
    for await (const { letter } of this.#deadLetters.list())
      reasons.push(`${letter.code}: ${letter.message}`);
    return {
      written: this.#written,
      deadLettered: this.#deadLettered,
      reasons,
      failed: this.#failed,
      lost: this.#written - this.#failed - this.#deadLettered - ids,
      doubled: rows - ids,
    };
  }

  #start(): void {
    const writer = this.adapter.writer(this.table, this.#options.writer);
    const handle = async (): Promise<void> => {
      while (!this.#stopping) {
        const id = this.#written++;
        try {
          const result = await writer.write({ id, name: `event ${id}` });
          if (result === "stored") this.#stored += 1;
          else this.#deadLettered += 1;
        } catch {
          this.#failed += 1;
        }
      }
    };
    for (let n = 0; n < (this.#options.handlers ?? 100); n++) this.#handlers.push(handle());
  }
}
