// A process of its own that works on a journaled queue, for tests that end it: <mode> <folder>
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { FileDeadLetterStore, silentLogger } from "@chimera/dlq";
import { LocalQueue, type JobHandler } from "../../src/index.ts";

const [mode = "", folder = ""] = process.argv.slice(2);
const ledger = join(folder, "ledger");

/** Written through before the job is settled: what stands here was done, whatever happens next. */
const note = (line: string): void => appendFileSync(ledger, `${line}\n`);

const handlers: Record<string, JobHandler<string>> = {
  killer: (payload) => {
    if (payload === "killer") process.kill(process.pid, "SIGKILL");
    note(payload);
  },
  exit: (payload, job) => {
    note(`${payload} delivery ${job.deliveryCount} failures ${job.failures}`);
    // oxlint-disable-next-line node/no-process-exit -- what is tested
    if (job.deliveryCount === 1) process.exit(3);
  },
  slow: async (payload) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    note(payload);
  },
};

const queue = new LocalQueue<string>("jobs", {
  journal: { directory: join(folder, "jobs.journal"), durability: "os" },
  deadLetters: new FileDeadLetterStore({ path: join(folder, "dlq.jsonl") }),
  logger: silentLogger,
});
const worker = queue.process(handlers[mode] as JobHandler<string>, { concurrency: 50 });

process.on("SIGTERM", () => void queue.close({ deadlineMs: 2_000 }));
if (mode === "slow") {
  // It is under load from its first finished job on.
  const off = worker.on("completed", () => {
    off();
    process.stdout.write("ready\n");
  });
} else {
  process.stdout.write("ready\n");
  await worker.idle();
  // Nothing may keep the process alive after this.
  await queue.close();
}
