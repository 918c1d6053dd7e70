import type { LedgerEvent } from "./ledger.ts";

/** A fault as it was made, in the ledger's time. */
export interface FaultRecord {
  readonly fault: string;
  /** Whether it hurt one worker, or the server and the network that all share. */
  readonly scope: "worker" | "server";
  readonly at: number;
  /** When the surroundings were whole again; for a killed worker, when it was killed. */
  readonly healedAt: number;
  /** The worker that was killed, where the fault killed one. */
  readonly victim?: string;
}

/** Milliseconds it took until work went on. */
export interface RecoveryTimes {
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * How long the jobs that died with a worker waited for their next delivery, from the kill; and how long the queue stood
 * still after a server fault, from when the server answered again to the next start of any handler.
 */
export class RecoveryMeter {
  readonly #faults: readonly FaultRecord[];
  /** Jobs begun by a worker that was killed later, without an effect: job -> when the worker was killed. */
  readonly #orphans = new Map<string, number>();
  readonly #starts: number[] = [];
  readonly #begun = new Map<string, Map<string, number>>();
  readonly #waits: number[] = [];

  constructor(faults: readonly FaultRecord[]) {
    this.#faults = faults;
    for (const { victim } of faults) if (victim !== undefined) this.#begun.set(victim, new Map());
  }

  /** First pass over the ledgers, in any order: which jobs were left behind. */
  add(event: LedgerEvent): void {
    if (event.kind === "start") {
      this.#starts.push(event.at);
      this.#begun.get(event.worker)?.set(event.id, event.at);
    } else if (event.kind === "effect") this.#begun.get(event.worker)?.delete(event.id);
  }

  /** Between the passes. */
  close(): void {
    for (const { victim, at } of this.#faults) {
      for (const id of this.#begun.get(victim ?? "")?.keys() ?? []) this.#orphans.set(id, at);
    }
  }

  /** Second pass: when their next deliveries came. */
  addAgain(event: LedgerEvent): void {
    if (event.kind !== "start") return;
    const killedAt = this.#orphans.get(event.id);
    if (killedAt === undefined || event.at <= killedAt) return;
    this.#orphans.delete(event.id);
    this.#waits.push(event.at - killedAt);
  }

  /** Of jobs whose worker was killed. */
  workerRecovery(): RecoveryTimes {
    return times(this.#waits);
  }

  /** Of the whole queue after each fault of the server or the network. */
  serverRecovery(): RecoveryTimes {
    const starts = Float64Array.from(this.#starts).toSorted();
    const waits = this.#faults
      .filter(({ scope }) => scope === "server")
      .flatMap(({ healedAt }) => {
        const next = starts.find((at) => at >= healedAt);
        return next === undefined ? [] : [next - healedAt];
      });
    return times(waits);
  }
}

function times(waits: readonly number[]): RecoveryTimes {
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (quantile: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
  return { samples: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}
