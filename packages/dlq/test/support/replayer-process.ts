// A process that replays into a target which keeps the ids it took in a file of its own, and refuses those it knows.
import { appendFileSync, readFileSync, writeSync } from "node:fs";
import { FileDeadLetterStore, replay, type ReplayTarget } from "../../src/index.ts";

const [path = "", takenPath = "", ratePerSecond = ""] = process.argv.slice(2);
const taken = new Set(
  readFileSync(takenPath, "utf8")
    .split("\n")
    .map((line) => line.split("\t")[0]),
);
const target: ReplayTarget = {
  name: "file:taken",
  take: async (items) =>
    items.map(({ letter, replayId }) => {
      if (taken.has(replayId)) return "duplicate";
      taken.add(replayId);
      // One write: a kill leaves all of it, or nothing.
      appendFileSync(takenPath, `${replayId}\t${letter.id}\n`);
      return "taken";
    }),
};

const store = new FileDeadLetterStore({ path });
const report = await replay(store, target, {
  batchSize: 20,
  ratePerSecond: Number(ratePerSecond),
  onProgress: ({ taken: count }) => writeSync(1, `progress ${count}\n`),
});
writeSync(1, `${report.ended}\n`);
await store.close();
