import { runInChild } from "../child.ts";
import type { MemoryAnswer } from "../local/memory-child.ts";
import type { Measurement, Scenario } from "../scenario.ts";

const CHILD = new URL("../local/memory-child.ts", import.meta.url);

export const scenario: Scenario = {
  title: "memory that a waiting job of 200 bytes takes in a local queue",
  unit: "bytes/job",
  better: "lower",
  referenceName: "the same JSON texts in a bare array",
  bar: 0.3,
  n: 500_000,
  quickN: 100_000,
  pairs: 3,
  warmups: 0,
  async open(n) {
    const run = async (side: "queue" | "array"): Promise<Measurement> => {
      const { bytesAJob, peakRssMb } = await runInChild<MemoryAnswer>(
        CHILD,
        [side, String(n)],
        ["--expose-gc"],
      );
      return { value: bytesAJob, peakRssMb };
    };
    return { ours: async () => run("queue"), reference: async () => run("array"), close: async () => {} };
  },
};
