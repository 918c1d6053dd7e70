// Fills a store in a process of its own: `memory-child.ts <queue|array> <jobs>`. Prints the bytes that each waiting job takes.
import { LocalQueue } from "@chimera/queue-core";

/** What the process prints. */
export interface MemoryAnswer {
  readonly bytesAJob: number;
  readonly peakRssMb: number;
}

const BATCH = 100;
const [side = "", count = "0"] = process.argv.slice(2);
const jobs = Number(count);

/** 200 bytes of JSON with a text of its own: one that all jobs share would take no memory. */
function payloadOf(n: number): { readonly n: number; readonly text: string } {
  return { n: 1_000_000 + n, text: "x".repeat(180) };
}

/** The heap, and what its objects keep outside of it. */
function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const queue = new LocalQueue("bench");
const texts: string[] = [];
const emptyBytes = usedBytes();
for (let from = 0; from < jobs; from += BATCH) {
  const payloads = Array.from({ length: BATCH }, (_, index) => payloadOf(from + index));
  if (side === "queue") await queue.enqueueMany(payloads);
  else texts.push(...payloads.map((payload) => JSON.stringify(payload)));
}
const bytesAJob = (usedBytes() - emptyBytes) / jobs;
const { depth } = await queue.metrics();
if (depth + texts.length !== jobs) throw new Error(`${jobs} jobs went in, ${depth + texts.length} are there`);
const answer: MemoryAnswer = { bytesAJob, peakRssMb: process.resourceUsage().maxRSS / 1024 };
process.stdout.write(`${JSON.stringify(answer)}\n`);
