// A worker of the campaign: its effect is a line in the ledger, written before the queue is told that the job is done.
import { setTimeout as delay } from "node:timers/promises";
import { ledgerTime, LedgerWriter } from "./ledger.ts";
import { processArguments } from "./process-arguments.ts";
import { systemNamed } from "./systems/catalog.ts";

const { system, url, ledger: path, name: worker, workMs } = processArguments();
const ledger = new LedgerWriter(path);
const running = await (
  await systemNamed(system)
).work(url, {
  async handle(id, fence) {
    ledger.write([{ kind: "start", id, at: ledgerTime(), worker, fence }]);
    await delay(workMs);
    ledger.write([{ kind: "effect", id, at: ledgerTime(), worker, fence }]);
  },
  settled: (id, fence) => ledger.write([{ kind: "settled", id, at: ledgerTime(), worker, fence }]),
  stale: (id, fence) => ledger.write([{ kind: "stale", id, at: ledgerTime(), worker, fence }]),
});

process.once("SIGTERM", () => {
  void running.close().finally(() => process.exit(0));
});
