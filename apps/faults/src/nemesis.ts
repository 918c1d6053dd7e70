import { setTimeout as delay } from "node:timers/promises";
import { cutConnections, cutReplies, silentNetwork, slowNetwork } from "./faults/network-faults.ts";
import { failOver, flushScripts, killServer } from "./faults/server-faults.ts";
import { killWorker, stopWorker, wrongClock } from "./faults/worker-faults.ts";
import { ledgerTime } from "./ledger.ts";
import type { FaultRecord } from "./recovery.ts";
import { between, type Fault, type Surroundings } from "./surroundings.ts";

/** Faults after which nothing that was acknowledged may be missing, in the order of the documentation. */
export const SURVIVABLE_FAULTS: readonly Fault[] = [
  killWorker,
  stopWorker,
  wrongClock,
  killServer,
  flushScripts,
  cutConnections,
  silentNetwork,
  slowNetwork,
  cutReplies,
];

/** Every fault there is. */
export const FAULTS: readonly Fault[] = [...SURVIVABLE_FAULTS, failOver];

export interface NemesisOptions {
  readonly faults: readonly Fault[];
  readonly calmMs: number;
  readonly durationMs: number;
  readonly onFault: (record: FaultRecord) => void;
}

/** Makes one fault after another, drawn by the seed, with a calm between; resolves when its time is over and everything is whole. */
export async function unleash(surroundings: Surroundings, options: NemesisOptions): Promise<FaultRecord[]> {
  const { faults, calmMs, durationMs, onFault } = options;
  const endsAt = ledgerTime() + durationMs;
  const records: FaultRecord[] = [];
  while (ledgerTime() < endsAt) {
    await delay(between(surroundings.random, calmMs / 2, calmMs * 1.5));
    const fault = faults[Math.floor(surroundings.random() * faults.length)];
    if (fault === undefined) break;
    const at = ledgerTime();
    const outcome = await fault.strike(surroundings);
    const record: FaultRecord = {
      fault: fault.name,
      scope: fault.scope,
      at,
      healedAt: ledgerTime(),
      ...outcome,
    };
    records.push(record);
    onFault(record);
  }
  return records;
}
