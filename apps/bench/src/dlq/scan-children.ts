// Counts letters by reason in a process of its own: `ours <path>` or `readline <path>`. Prints what it found and took.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { FileDeadLetterStore } from "@chimera/dlq";

/** What one side's process prints. */
export interface ScanAnswer {
  readonly byReason: Readonly<Record<string, number>>;
  readonly megabytesPerSecond: number;
  readonly peakRssMb: number;
}

async function countWithStore(path: string): Promise<Record<string, number>> {
  await using store = new FileDeadLetterStore({ path });
  return (await store.stats()).byReason;
}

async function countWithReadline(path: string): Promise<Record<string, number>> {
  const byReason: Record<string, number> = {};
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const { reason } = JSON.parse(line) as { reason: string };
    byReason[reason] = (byReason[reason] ?? 0) + 1;
  }
  return byReason;
}

const [side = "", path = ""] = process.argv.slice(2);
const startedAt = performance.now();
const byReason = await (side === "ours" ? countWithStore(path) : countWithReadline(path));
const seconds = (performance.now() - startedAt) / 1_000;
const { size } = await stat(path);
const answer: ScanAnswer = {
  byReason,
  megabytesPerSecond: size / 1e6 / seconds,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
