import type { AttemptError } from "@chimera/dlq";

import type { ClickHouseSettings, ResolvedOptions } from "../adapter-options.ts";
import type { Alarms } from "../alarms.ts";
import type { Batch } from "../batch/batch.ts";
import type { BatchPart } from "../batch/batch-part.ts";
import type { EndpointPool } from "../endpoints/endpoint-pool.ts";
import type { Failure } from "../failure.ts";
import type { InsertCounters } from "../metrics.ts";
import type { TableName } from "../table-name.ts";

import type { BadRowBudget } from "./bad-row-budget.ts";
import { Delivery } from "./delivery.ts";
import type { ReplicaKnowledge } from "./replica-knowledge.ts";

/** What one way to a table needs. */
export interface CourierParts {
  readonly table: TableName;
  readonly badRows: BadRowBudget;
  readonly replicas: ReplicaKnowledge;
  /** Of every insert, the token aside. */
  readonly settings: ClickHouseSettings;
  readonly pool: EndpointPool;
  readonly options: ResolvedOptions;
  readonly alarms: Alarms;
  readonly counters: InsertCounters;
  /** Passwords in every form that could turn up in a message. */
  readonly secrets: readonly string[];
}

/** Rows that are not stored and will not be by themselves, and why. */
export interface Refusal {
  readonly part: BatchPart;
  readonly failure: Failure;
  /** Inserts of these rows that failed. */
  readonly attempts: number;
  /** The last of them, oldest first, at most 5. */
  readonly errors: readonly AttemptError[];
}

/** Takes batches to one table. */
export class Courier {
  readonly #parts: CourierParts;

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /**
   * Sends a batch until it is stored or its time is over: transient failures are tried again, configuration
   * errors held, bad rows taken out. Answers what is not stored; an empty answer means everything is.
   *
   * @param signal - ends all tries; what was not stored by then is answered as refused. Never rejects for it.
   */
  async deliver(batch: Batch, signal?: AbortSignal): Promise<readonly Refusal[]> {
    return new Delivery(batch, this.#parts, signal).run();
  }
}
