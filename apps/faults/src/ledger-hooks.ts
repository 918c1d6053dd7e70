import { setTimeout as delay } from "node:timers/promises";
import { ledgerTime, type LedgerWriter } from "./ledger.ts";
import type { ProcessArguments } from "./process-arguments.ts";
import type { WorkerHooks } from "./systems/queue-system.ts";

/** What a worker does with a job and hears from its queue, each written down at once. */
export function ledgerHooks(
  ledger: LedgerWriter,
  { name: worker, workMs }: Pick<ProcessArguments, "name" | "workMs">,
): WorkerHooks {
  return {
    async handle(id, fence) {
      ledger.write([{ kind: "start", id, at: ledgerTime(), worker, fence }]);
      await delay(workMs);
      ledger.write([{ kind: "effect", id, at: ledgerTime(), worker, fence }]);
    },
    settled: (id, fence) => ledger.write([{ kind: "settled", id, at: ledgerTime(), worker, fence }]),
    letter: (id, fence) => ledger.write([{ kind: "letter", id, at: ledgerTime(), worker, fence }]),
    stale: (id, fence) => ledger.write([{ kind: "stale", id, at: ledgerTime(), worker, fence }]),
  };
}
