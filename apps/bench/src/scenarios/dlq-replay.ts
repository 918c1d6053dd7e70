import { strictEqual } from "node:assert";
import { rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { buildChild } from "../dlq/built-child.ts";
import { writeLetterFile } from "../dlq/letters.ts";
import type { ReplayAnswer } from "../dlq/replay-children.ts";
import { diskDirectory } from "../disk-directory.ts";
import type { Measurement, Scenario } from "../scenario.ts";

const MIB = 1_048_576;

/** Its memory is what it is for; the ratio says what marking every letter durably costs beside only reading them. */
export const scenario: Scenario = {
  title: "Replaying a file of n MiB, every letter marked durably",
  unit: "records/s",
  better: "higher",
  referenceName: "readline and JSON.parse, nothing marked",
  bar: 0.3,
  maxPeakRssMb: 120,
  n: 1_024,
  quickN: 128,
  pairs: 3,
  warmups: 0,
  async open(n) {
    const runSide = await buildChild<ReplayAnswer>(new URL("../dlq/replay-children.ts", import.meta.url));
    const directory = await diskDirectory();
    const path = join(directory.path, "dlq.jsonl");
    const count = await writeLetterFile(path, n * MIB);
    const { size } = await stat(path);
    const run = async (side: "ours" | "readline"): Promise<Measurement> => {
      const { letters, perSecond, peakRssMb } = await runSide([side, path]);
      strictEqual(letters, count);
      // Without its marks the file is what it was.
      await truncate(path, size);
      await rm(`${path}.replay.json`, { force: true });
      return { value: perSecond, peakRssMb };
    };
    return {
      fileSystem: directory.fileSystem,
      ours: async () => run("ours"),
      reference: async () => run("readline"),
      close: async () => directory[Symbol.asyncDispose](),
    };
  },
};
