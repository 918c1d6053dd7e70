import { open } from "node:fs/promises";
import { appendSides } from "../dlq/append-sides.ts";
import type { Scenario } from "../scenario.ts";

/** Of ours: the reference stores one letter at a time, and a few hundred show its rate. */
const REFERENCE_PART = 0.02;

export const scenario: Scenario = {
  title: "Durable appends of 500-byte letters by 100 appenders",
  unit: "records/s",
  better: "higher",
  referenceName: "fs.promises.appendFile and fdatasync, one by one",
  bar: 30,
  n: 50_000,
  quickN: 20_000,
  async open(n) {
    return appendSides({
      appenders: 100,
      letters: { ours: n, reference: n * REFERENCE_PART },
      openReference: async (path) => {
        const handle = await open(path, "a");
        let last = Promise.resolve();
        const store = async (line: string, before: Promise<void>): Promise<void> => {
          await before;
          await handle.appendFile(line);
          await handle.datasync();
        };
        return {
          // Everybody waits for the one before.
          append: async (letter) => {
            last = store(`${JSON.stringify(letter)}\n`, last);
            await last;
          },
          close: async () => handle.close(),
        };
      },
    });
  },
};
