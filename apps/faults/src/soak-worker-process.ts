// A worker of a soak, until SIGTERM. Its effect is a line in the ledger, as in a campaign.
import { RedisConnection, RedisDeadLetterStore, RedisQueue } from "@chimera/queue-redis";
import { ledgerHooks } from "./ledger-hooks.ts";
import { LedgerWriter } from "./ledger.ts";
import { tellReady } from "./process-arguments.ts";
import { MemorySampler } from "./soak/memory-samples.ts";
import { soakArguments } from "./soak/soak-arguments.ts";
import { failAsPlanned } from "./soak/soak-job.ts";
import { CONCURRENCY, QUEUE_NAME } from "./systems/queue-system.ts";

const { name, url, ledger, samples, sampleEveryMs, workMs } = soakArguments();
const connection = new RedisConnection({ url });
const queue = new RedisQueue<{ from: string }>(QUEUE_NAME, { connection });
const letters = new RedisDeadLetterStore({ connection });
const hooks = ledgerHooks(new LedgerWriter(ledger), { name, workMs });
const worker = queue.process(
  async (_payload, job) => {
    failAsPlanned(job.id, job.failures);
    await hooks.handle(job.id, job.fence);
  },
  { deadLetters: letters, concurrency: CONCURRENCY },
);
worker.on("completed", ({ job }) => hooks.settled(job.id, job.fence));
worker.on("deadLettered", ({ job }) => hooks.letter(job.id, job.fence));
worker.on("leaseLost", ({ job }) => hooks.stale(job.id, job.fence));
const sampler = new MemorySampler(samples, sampleEveryMs);

await queue.ping();
process.once("SIGTERM", () => void end());
tellReady();

async function end(): Promise<void> {
  await queue.close();
  await letters.close();
  connection.close();
  sampler.closed();
}
