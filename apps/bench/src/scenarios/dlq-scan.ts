import { deepStrictEqual } from "node:assert";
import { join } from "node:path";
import { buildChild } from "../dlq/built-child.ts";
import { writeLetterFile } from "../dlq/letters.ts";
import type { ScanAnswer } from "../dlq/scan-children.ts";
import { diskDirectory } from "../disk-directory.ts";
import type { Measurement, Scenario } from "../scenario.ts";

const MIB = 1_048_576;

export const scenario: Scenario = {
  title: "Counting dead letters by reason, each id once, in a file of n MiB",
  unit: "MB/s",
  better: "higher",
  referenceName: "readline and JSON.parse",
  bar: 8,
  maxPeakRssMb: 100,
  n: 1_024,
  quickN: 256,
  async open(n) {
    const runSide = await buildChild<ScanAnswer>(new URL("../dlq/scan-children.ts", import.meta.url));
    const directory = await diskDirectory();
    const path = join(directory.path, "dlq.jsonl");
    await writeLetterFile(path, n * MIB);
    let expected: ScanAnswer["byReason"] | undefined;
    const run = async (side: "ours" | "readline"): Promise<Measurement> => {
      const { byReason, megabytesPerSecond, peakRssMb } = await runSide([side, path]);
      expected ??= byReason;
      // Whatever the order of their keys.
      deepStrictEqual({ ...byReason }, { ...expected });
      return { value: megabytesPerSecond, peakRssMb };
    };
    return {
      fileSystem: directory.fileSystem,
      ours: async () => run("ours"),
      reference: async () => run("readline"),
      close: async () => directory[Symbol.asyncDispose](),
    };
  },
};
