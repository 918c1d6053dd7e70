import { open } from "node:fs/promises";
import { appendSides } from "../dlq/append-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "Durable appends of 500-byte letters by one appender",
  unit: "records/s",
  better: "higher",
  referenceName: "write and fdatasync by hand",
  bar: 0.9,
  n: 2_000,
  quickN: 1_000,
  pairs: 9,
  async open(n) {
    return appendSides({
      appenders: 1,
      letters: { ours: n, reference: n },
      openReference: async (path) => {
        const handle = await open(path, "a");
        return {
          append: async (letter) => {
            await handle.write(`${JSON.stringify(letter)}\n`);
            await handle.datasync();
          },
          close: async () => handle.close(),
        };
      },
    });
  },
};
