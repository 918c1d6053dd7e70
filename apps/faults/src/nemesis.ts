import { setTimeout as delay } from "node:timers/promises";
import { tearJournal } from "./faults/journal-faults.ts";
import { cutConnections, cutReplies, silentNetwork, slowNetwork } from "./faults/network-faults.ts";
import { failOver, flushScripts, killServer } from "./faults/server-faults.ts";
import { killWorker, stopWorker, wrongClock } from "./faults/worker-faults.ts";
import { ledgerTime } from "./ledger.ts";
import type { FaultRecord } from "./recovery.ts";
import type { QueueSystem } from "./systems/queue-system.ts";
import { between, type Fault, type Surroundings } from "./surroundings.ts";

/** Every fault there is, in the order of the documentation. */
export const FAULTS: readonly Fault[] = [
  killWorker,
  stopWorker,
  wrongClock,
  tearJournal,
  killServer,
  flushScripts,
  cutConnections,
  silentNetwork,
  slowNetwork,
  cutReplies,
  failOver,
];

/** The faults of a campaign: those that are named, else all that a system of this kind must survive. */
export function faultsFor(kind: QueueSystem["kind"], names?: readonly string[]): Fault[] {
  const other = kind === "server" ? "journal" : "server";
  return FAULTS.filter(({ name, scope, survivable }) =>
    scope === other ? false : (names?.includes(name) ?? survivable),
  );
}

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
      outage: fault.outage,
      at,
      healedAt: ledgerTime(),
      ...outcome,
    };
    records.push(record);
    onFault(record);
  }
  return records;
}
