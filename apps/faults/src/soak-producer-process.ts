// A producer of a soak, until SIGTERM. It also purges the dead letters that are old enough, so that the store stays small.
import { RedisConnection, RedisDeadLetterStore, RedisQueue } from "@chimera/queue-redis";
import { LedgerWriter } from "./ledger.ts";
import { tellReady } from "./process-arguments.ts";
import { MemorySampler } from "./soak/memory-samples.ts";
import { soakArguments } from "./soak/soak-arguments.ts";
import { enqueueOptions, isDeduplicated } from "./soak/soak-job.ts";
import { produceSteadily } from "./steady-production.ts";
import { QUEUE_NAME } from "./systems/queue-system.ts";

const { url, ledger, samples, sampleEveryMs, ratePerSecond, keepLettersMs } = soakArguments();
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

const connection = new RedisConnection({ url });
const queue = new RedisQueue<{ from: string }>(QUEUE_NAME, { connection });
const letters = new RedisDeadLetterStore({ connection });
const sampler = new MemorySampler(samples, sampleEveryMs);
let purging: Promise<unknown> = Promise.resolve();
const purge = setInterval(() => {
  const until = new Date(Date.now() - keepLettersMs).toISOString();
  purging = letters.purge({ until });
}, keepLettersMs / 3);

await queue.ping();
tellReady();
await produceSteadily(
  { enqueue: async (ids) => Promise.all(ids.map(acknowledged)), close: async () => {} },
  new LedgerWriter(ledger),
  {
    ratePerSecond,
    signal: stop.signal,
  },
);
clearInterval(purge);
await purging;
await letters.close();
await queue.close();
connection.close();
sampler.closed();

/** A deduplicated job is handed in twice: the queue must know the second as the first, and no handler may ever see it. */
async function acknowledged(id: string): Promise<boolean> {
  const options = enqueueOptions(id);
  const payload = { from: "soak" };
  const answers = [queue.enqueue(payload, options)];
  if (isDeduplicated(id)) answers.push(queue.enqueue(payload, { ...options, id: `${id}-again` }));
  return (await Promise.all(answers)).every((answer) => answer === id);
}
