import type { LedgerEvent } from "./ledger.ts";
import type { Fault } from "./surroundings.ts";
import { Tally } from "./tally.ts";

/** A fault as it was made, in the ledger's time. */
export interface FaultRecord extends Pick<Fault, "scope" | "outage"> {
  readonly fault: string;
  readonly at: number;
  /** When the surroundings were whole again; for a server that was killed, when it served again. */
  readonly healedAt: number;
  /** The worker that was killed or stopped, where the fault hurt one. */
  readonly victim?: string;
}

/** A job that had begun and not ended when its worker was hurt. */
interface Orphan {
  readonly worker: string;
  readonly hurtAt: number;
  readonly fault: string;
}

/**
 * How long it took until work went on, by the fault that held it up.
 *
 * A job that had begun in a worker when that was killed or stopped counts from then to its next delivery; where the
 * server was away meanwhile, from when it answered again. A fault of the server or the network counts from when the server answered
 * again to the next start of any handler.
 */
export class RecoveryMeter {
  readonly #faults: readonly FaultRecord[];
  /** Jobs that hurt workers left behind. */
  readonly #orphans = new Map<string, Orphan>();
  readonly #starts: number[] = [];
  /** Of the workers that were hurt: what each had begun, and when it ended it. */
  readonly #begun = new Map<string, Map<string, { startedAt: number; endedAt: number }>>();
  readonly #waits = new Map<string, Tally>();

  constructor(faults: readonly FaultRecord[]) {
    this.#faults = faults;
    for (const { victim } of faults) if (victim !== undefined) this.#begun.set(victim, new Map());
  }

  /** First pass over the ledgers, in any order of files: which jobs were left behind. */
  add(event: LedgerEvent): void {
    if (event.kind === "start") {
      this.#starts.push(event.at);
      this.#begun.get(event.worker)?.set(event.id, { startedAt: event.at, endedAt: Infinity });
    } else if (event.kind === "effect") {
      const begun = this.#begun.get(event.worker)?.get(event.id);
      if (begun !== undefined) begun.endedAt = event.at;
    }
  }

  /** Between the passes. */
  close(): void {
    for (const { victim, at: hurtAt, fault } of this.#faults) {
      if (victim === undefined) continue;
      for (const [id, { startedAt, endedAt }] of this.#begun.get(victim) ?? []) {
        if (startedAt <= hurtAt && endedAt > hurtAt) this.#orphans.set(id, { worker: victim, hurtAt, fault });
      }
    }
    this.#begun.clear();
  }

  /** Second pass: when their next deliveries came. A stopped worker that woke before anybody took its job away leaves no wait. */
  addAgain(event: LedgerEvent): void {
    if (event.kind !== "start") return;
    const orphan = this.#orphans.get(event.id);
    if (orphan === undefined || event.at <= orphan.hurtAt) return;
    this.#orphans.delete(event.id);
    this.#wait(orphan.fault, event.at - this.#answeringFrom(orphan.hurtAt, event.at));
  }

  /** By fault, once both passes are done. */
  waits(): ReadonlyMap<string, Tally> {
    const starts = Float64Array.from(this.#starts).toSorted();
    for (const { scope, fault, healedAt } of this.#faults) {
      if (scope !== "server") continue;
      const next = starts[firstFrom(starts, healedAt)];
      if (next !== undefined) this.#wait(fault, next - healedAt);
    }
    return this.#waits;
  }

  /** The moment from which on the server answered throughout until `to`, or `from`. */
  #answeringFrom(from: number, to: number): number {
    const outages = this.#faults.filter(
      ({ outage, at, healedAt }) => outage && at < to && healedAt > from && healedAt < to,
    );
    return Math.max(from, ...outages.map(({ healedAt }) => healedAt));
  }

  #wait(fault: string, ms: number): void {
    const tally = this.#waits.get(fault) ?? new Tally();
    this.#waits.set(fault, tally);
    tally.add(ms);
  }
}

/** The index of the first of ascending `values` that is at least `from`. */
function firstFrom(values: Float64Array, from: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
