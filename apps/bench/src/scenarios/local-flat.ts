import { runInChild } from "../child.ts";
import type { FlatAnswer } from "../local/flat-child.ts";
import type { Measurement, Scenario } from "../scenario.ts";

const CHILD = new URL("../local/flat-child.ts", import.meta.url);

export const scenario: Scenario = {
  title: "CPU of a job through a local queue with 1 000 000 waiting and 100 000 delayed",
  unit: "us/job",
  better: "lower",
  referenceName: "the same queue with 1 000 waiting",
  bar: 0.67,
  n: 400_000,
  quickN: 200_000,
  pairs: 3,
  warmups: 0,
  async open(n) {
    const run = async (waiting: number, delayed: number): Promise<Measurement> => {
      const { cpuMicrosAJob, peakRssMb } = await runInChild<FlatAnswer>(
        CHILD,
        [waiting, delayed, n].map(String),
      );
      return { value: cpuMicrosAJob, peakRssMb };
    };
    return {
      ours: async () => run(1_000_000, 100_000),
      reference: async () => run(1_000, 0),
      close: async () => {},
    };
  },
};
