// A worker of the campaign: its effect is a line in the ledger, written before the queue is told that the job is done.
import { LedgerWriter } from "./ledger.ts";
import { ledgerHooks } from "./ledger-hooks.ts";
import { processArguments, tellReady } from "./process-arguments.ts";
import { systemNamed } from "./systems/catalog.ts";

const options = processArguments();
const system = await systemNamed(options.system);
if (system.kind !== "server") throw new TypeError(`${system.name} works in the process that produces`);
const hooks = ledgerHooks(new LedgerWriter(options.ledger), options);
const running = await system.work(options.url, hooks, options);

process.once("SIGTERM", () => {
  void running.close().finally(() => process.exit(0));
});
tellReady();
