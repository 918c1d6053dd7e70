// A queue of a given depth in a process of its own: `flat-child.ts <waiting> <delayed> <jobs>`. Prints what CPU a job
// takes that passes through it while its depth stays.
import { LocalQueue } from "@chimera/queue-core";

/** What the process prints. */
export interface FlatAnswer {
  /** Microseconds of all threads, the garbage collector's among them. */
  readonly cpuMicrosAJob: number;
  readonly peakRssMb: number;
}

interface Payload {
  readonly n: number;
  readonly text: string;
}

const BATCH = 100;
const MIN_DELAY_MS = 3_600_000;
const [waiting = 0, delayed = 0, jobs = 0] = process.argv.slice(2).map(Number);

/** A payload with a text of its own: one that all jobs share would take no memory. */
function payloadsOf(from: number, count: number): Payload[] {
  return Array.from({ length: count }, (_, index) => ({
    n: 1_000_000 + from + index,
    text: "x".repeat(180),
  }));
}

const queue = new LocalQueue<Payload>("bench");
for (let from = 0; from < waiting; from += BATCH) await queue.enqueueMany(payloadsOf(from, BATCH));
for (let from = 0; from < delayed; from += BATCH) {
  await queue.enqueueMany(payloadsOf(from, BATCH), {
    delayMs: MIN_DELAY_MS + ((from * 7_919) % MIN_DELAY_MS),
  });
}

async function pass(count: number): Promise<void> {
  for (let passed = 0; passed < count; passed += BATCH) {
    await queue.enqueueMany(payloadsOf(passed, BATCH));
    const received = await queue.dequeue({ max: BATCH });
    if (received.length !== BATCH) throw new Error(`expected ${BATCH} jobs, got ${received.length}`);
    await Promise.all(received.map(async (job) => job.done()));
  }
}

await pass(jobs / 4);
const before = process.cpuUsage();
await pass(jobs);
const { user, system } = process.cpuUsage(before);
const { depth, delayed: stillDelayed } = await queue.metrics();
if (depth !== waiting || stillDelayed !== delayed)
  throw new Error(`the depth went from ${waiting} to ${depth}`);
const answer: FlatAnswer = {
  cpuMicrosAJob: (user + system) / jobs,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
