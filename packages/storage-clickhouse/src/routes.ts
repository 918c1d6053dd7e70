import type { DeadLetterStore } from "@chimera/dlq";

import type { ClickHouseSettings, ResolvedOptions } from "./adapter-options.ts";
import type { Alarms } from "./alarms.ts";
import type { CourierParts } from "./delivery/courier.ts";
import { Courier } from "./delivery/courier.ts";
import { BadRowBudget } from "./delivery/bad-row-budget.ts";
import { ReplicaKnowledge } from "./delivery/replica-knowledge.ts";
import { DeadLetterOffice } from "./delivery/dead-letter-office.ts";
import { insertSettings } from "./delivery/insert-settings.ts";
import type { EndpointPool } from "./endpoints/endpoint-pool.ts";
import type { InsertCounters } from "./metrics.ts";
import type { TableName } from "./table-name.ts";

/** What all ways of one adapter share. */
export interface RouteParts {
  readonly pool: EndpointPool;
  readonly options: ResolvedOptions;
  readonly alarms: Alarms;
  readonly counters: InsertCounters;
  readonly secrets: readonly string[];
}

/** How long a letter on its way back is tried before the replay hears that it failed. */
const REPLAY_RETRY_MS = 10_000;

type Learnt = Pick<CourierParts, "badRows" | "replicas">;

/** The ways to tables, and from there to the dead letters. */
export class Routes {
  readonly #parts: RouteParts;
  /** What was learnt of each table, shared by all ways to it. */
  readonly #learnt = new Map<string, Learnt>();

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  /** A way to a table for writers and inserts. */
  courier(table: TableName, settings: ClickHouseSettings = {}): Courier {
    return this.#courier(table, settings, this.#parts.options);
  }

  /** A way back for letters: a replay tries again by itself, and tells the person who waits for it why. */
  replayCourier(table: TableName): Courier {
    const { options } = this.#parts;
    const retryForMs = Math.min(options.retryForMs, REPLAY_RETRY_MS);
    return this.#courier(table, {}, { ...options, retryForMs, holdForMs: 0 });
  }

  /** Where rows of a table go that could not be stored. */
  office(table: TableName, store: DeadLetterStore | null): DeadLetterOffice {
    const { options, alarms, counters } = this.#parts;
    return new DeadLetterOffice({ table, store, options, alarms, counters });
  }

  #courier(table: TableName, settings: ClickHouseSettings, options: ResolvedOptions): Courier {
    return new Courier({
      ...this.#parts,
      ...this.#learntOf(table),
      table,
      options,
      settings: { ...insertSettings(options.strict), ...options.settings, ...settings },
    });
  }

  #learntOf(table: TableName): Learnt {
    const { options, pool } = this.#parts;
    const known = this.#learnt.get(table.quoted);
    if (known !== undefined) return known;
    const badRows = new BadRowBudget(options.maxBadRows);
    const learnt = { badRows, replicas: new ReplicaKnowledge(table, pool) };
    this.#learnt.set(table.quoted, learnt);
    return learnt;
  }
}
