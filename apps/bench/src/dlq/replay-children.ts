// Takes every letter in a process of its own: `ours <path>` replays into a target that takes all, `readline <path>`
// reads and parses every line and marks nothing. Prints how many letters there were and what it took.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { FileDeadLetterStore, replay } from "@chimera/dlq";

/** What one side's process prints. */
export interface ReplayAnswer {
  readonly letters: number;
  readonly perSecond: number;
  readonly peakRssMb: number;
}

async function replayAll(path: string): Promise<number> {
  await using store = new FileDeadLetterStore({ path, rotateBytes: Number.MAX_SAFE_INTEGER });
  const target = {
    name: "nowhere",
    take: async (items: readonly unknown[]) => items.map(() => "taken" as const),
  };
  return (await replay(store, target)).taken;
}

async function parseAll(path: string): Promise<number> {
  let letters = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if ((JSON.parse(line) as { payload?: unknown }).payload !== undefined) letters++;
  }
  return letters;
}

const [side = "", path = ""] = process.argv.slice(2);
const startedAt = performance.now();
const letters = await (side === "ours" ? replayAll(path) : parseAll(path));
const answer: ReplayAnswer = {
  letters,
  perSecond: (letters / (performance.now() - startedAt)) * 1_000,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
