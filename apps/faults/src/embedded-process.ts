// A process of the campaign that enqueues and works on a queue of its own. At SIGTERM it produces no more, works off what
// is there, and ends in order.
import { LedgerWriter } from "./ledger.ts";
import { ledgerHooks } from "./ledger-hooks.ts";
import { processArguments, tellReady } from "./process-arguments.ts";
import { produceSteadily } from "./steady-production.ts";
import { systemNamed } from "./systems/catalog.ts";

const options = processArguments();
const system = await systemNamed(options.system);
if (system.kind !== "embedded") throw new TypeError(`${system.name} has producers and workers of their own`);
const ledger = new LedgerWriter(options.ledger);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

const queue = await system.open(options.url, ledgerHooks(ledger, options), options);
tellReady();
await produceSteadily(queue, ledger, { ratePerSecond: options.ratePerSecond, signal: stop.signal });
await queue.idle();
await queue.close();
process.exit(0);
