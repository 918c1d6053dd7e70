import { diskDirectory } from "../disk-directory.ts";
import { enqueueRate, writeAndSyncRate } from "../local/journal-sides.ts";
import type { Scenario } from "../scenario.ts";

/** The reference does so little a second that it gets a part of the jobs. */
const REFERENCE_PART = 40;

export const scenario: Scenario = {
  title: "durable enqueues (fdatasync) into a local queue's journal by 100 producers",
  unit: "jobs/s",
  better: "higher",
  referenceName: "one write and one fdatasync a job",
  bar: 20,
  n: 40_000,
  quickN: 16_000,
  async open(n) {
    await using disk = await diskDirectory();
    return {
      fileSystem: disk.fileSystem,
      ours: async () => enqueueRate(n, "fsync"),
      reference: async () => writeAndSyncRate(n / REFERENCE_PART),
      close: async () => {},
    };
  },
};
