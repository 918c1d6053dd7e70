import { errorMessage, redactText } from "@chimera/dlq";
import type { Logger } from "@chimera/dlq";

import type { BreakerState } from "./endpoints/breaker.ts";
import type { FailureClass } from "./failure-classes.ts";
import type { Failure } from "./failure.ts";
import { LatencyWindow } from "./latency-window.ts";
import type { LatencySummary } from "./latency-window.ts";

/** What an adapter has done and holds, since it was opened. */
export interface ClickHouseMetrics {
  readonly rowsStored: number;
  readonly rowsDeadLettered: number;
  /** Inserts that the server took. */
  readonly insertsStored: number;
  /** Inserts that failed, by what was done about it. */
  readonly insertsFailed: Readonly<Record<FailureClass, number>>;
  /** Rows and bytes in the buffers of all writers, in-flight ones included. */
  readonly bufferedRows: number;
  readonly bufferedBytes: number;
  /** Calls of `write` that wait for room. */
  readonly waitingWrites: number;
  readonly insertsInFlight: number;
  readonly insertMs: LatencySummary;
  readonly servers: readonly { readonly label: string; readonly breaker: BreakerState }[];
}

/** What one writer holds right now. */
export interface BufferGauges {
  readonly bufferedRows: number;
  readonly bufferedBytes: number;
  readonly waitingWrites: number;
  readonly insertsInFlight: number;
}

/** One insert that the server took: a batch, or what was left of it once bad rows were taken out. */
export interface StoredInsert {
  /** As it was given. */
  readonly table: string;
  readonly rows: number;
  /** Of the rows as they were sent, before any compression. */
  readonly bytes: number;
  /** From the choice of a server to its answer. */
  readonly durationMs: number;
}

/** Counts over all inserts of an adapter, and tells who asked. */
export class InsertCounters {
  readonly #logger: Logger;
  readonly #listeners = new Set<(insert: StoredInsert) => void>();
  readonly #failed: Record<FailureClass, number> = { transient: 0, row: 0, configuration: 0, rejected: 0 };
  readonly #latency = new LatencyWindow();
  #rowsStored = 0;
  #rowsDeadLettered = 0;
  #insertsStored = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Answers a function that takes the listener off again. */
  onInsert(listener: (insert: StoredInsert) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  inserted(insert: StoredInsert): void {
    this.#rowsStored += insert.rows;
    this.#insertsStored += 1;
    this.#latency.record(insert.durationMs);
    for (const listener of this.#listeners) {
      try {
        listener(insert);
      } catch (error) {
        // The rows are stored: what a listener makes of it must not have them sent again.
        this.#logger.error("clickhouse.listener_failed", { message: redactText(errorMessage(error)) });
      }
    }
  }

  failed(failure: Failure): void {
    this.#failed[failure.kind] += 1;
  }

  deadLettered(rows: number): void {
    this.#rowsDeadLettered += rows;
  }

  snapshot(): Pick<
    ClickHouseMetrics,
    "rowsStored" | "rowsDeadLettered" | "insertsStored" | "insertsFailed" | "insertMs"
  > {
    return {
      rowsStored: this.#rowsStored,
      rowsDeadLettered: this.#rowsDeadLettered,
      insertsStored: this.#insertsStored,
      insertsFailed: { ...this.#failed },
      insertMs: this.#latency.summary(),
    };
  }
}
