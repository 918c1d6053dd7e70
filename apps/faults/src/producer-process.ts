// A producer of the campaign, until SIGTERM.
import { LedgerWriter } from "./ledger.ts";
import { processArguments, tellReady } from "./process-arguments.ts";
import { produceSteadily } from "./steady-production.ts";
import { systemNamed } from "./systems/catalog.ts";

const options = processArguments();
const system = await systemNamed(options.system);
if (system.kind !== "server") throw new TypeError(`${system.name} works in the process that produces`);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

const producer = await system.produce(options.url, options);
tellReady();
await produceSteadily(producer, new LedgerWriter(options.ledger), {
  ratePerSecond: options.ratePerSecond,
  signal: stop.signal,
});
await producer.close();
process.exit(0);
