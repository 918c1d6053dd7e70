import { diskDirectory } from "../disk-directory.ts";
import { enqueueRate } from "../local/journal-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "enqueues that survive the process (journal, durability os) by 100 producers",
  unit: "jobs/s",
  better: "higher",
  referenceName: "the same queue in memory only",
  bar: 0.3,
  n: 100_000,
  quickN: 40_000,
  pairs: 9,
  async open(n) {
    await using disk = await diskDirectory();
    return {
      fileSystem: disk.fileSystem,
      ours: async () => enqueueRate(n, "os"),
      reference: async () => enqueueRate(n),
      close: async () => {},
    };
  },
};
