import { open } from "node:fs/promises";
import { appendSides } from "../dlq/append-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "Durable appends of 500-byte letters by 100 appenders",
  unit: "records/s",
  better: "higher",
  referenceName: "a bare loop of JSON.stringify, one write and one fdatasync a group",
  bar: 0.8,
  n: 50_000,
  quickN: 20_000,
  pairs: 9,
  async open(n) {
    return appendSides({
      appenders: 100,
      letters: { ours: n, reference: n },
      openReference: async (path) => {
        const handle = await open(path, "a");
        let waiting: { readonly line: string; readonly done: () => void }[] = [];
        let running = false;
        const writeGroups = async (): Promise<void> => {
          running = true;
          // A turn of the event loop lets everybody in who was answered just now.
          for (await turn(); waiting.length > 0; await turn()) {
            const group = waiting;
            waiting = [];
            await handle.write(group.map(({ line }) => line).join(""));
            await handle.datasync();
            for (const { done } of group) done();
          }
          running = false;
        };
        return {
          append: async (letter) =>
            new Promise<void>((done) => {
              waiting.push({ line: `${JSON.stringify(letter)}\n`, done });
              if (!running) void writeGroups();
            }),
          close: async () => handle.close(),
        };
      },
    });
  },
};

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
