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

/** Counts over all inserts of an adapter. */
export class InsertCounters {
  readonly #failed: Record<FailureClass, number> = { transient: 0, row: 0, configuration: 0, rejected: 0 };
  readonly #latency = new LatencyWindow();
  #rowsStored = 0;
  #rowsDeadLettered = 0;
  #insertsStored = 0;

  inserted(rows: number, durationMs: number): void {
    this.#rowsStored += rows;
    this.#insertsStored += 1;
    this.#latency.record(durationMs);
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
