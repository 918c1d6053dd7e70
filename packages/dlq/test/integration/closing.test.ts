import { describe, expect, it } from "vitest";
import type { FileDeadLetterStore, FileDeadLetterStoreOptions } from "../../src/index.ts";
import { ManualClock, sampleLetter } from "../../src/testing/index.ts";
import { fileDesk, idsOf } from "../support/file-desk.ts";
import { tellsOpenFiles, timesOpen } from "../support/open-files.ts";

const LARGE = JSON.stringify("x".repeat(1_100_000));
const letters = ["a", "b", "c"].map((id) => sampleLetter({ id, payload: LARGE }));
const manyMarks = Array.from({ length: 40_000 }, (_, at) => ({ id: `letter ${at}`, ts: sampleLetter().ts }));

type Call = readonly [
  what: string,
  options: FileDeadLetterStoreOptions,
  call: (store: FileDeadLetterStore) => Promise<void>,
];
const CALLS: readonly Call[] = [
  [
    "an append that looks for room first",
    { maxBytes: 16_384 },
    async (store) => store.append([sampleLetter()]),
  ],
  ["an append of several pieces", {}, async (store) => store.append(letters)],
  ["marks of several pieces", {}, async (store) => store.markReplayed(manyMarks)],
];

describe.skipIf(!tellsOpenFiles)("closing a store of files", () => {
  it.for([...CALLS])("waits for %s", async ([, options, call]) => {
    await using at = await fileDesk(options);
    const ends: string[] = [];
    const underWay = call(at.store).then(() => ends.push("call"));
    await at.store.close();
    ends.push("close");
    await underWay;
    expect(ends).toEqual(["call", "close"]);
    expect(timesOpen(at.path)).toBe(0);
  });

  it("waits no longer than its deadline, and refuses what was not written by then", async () => {
    const clock = new ManualClock();
    await using at = await fileDesk({ clock });
    const underWay = at.store.append(letters).catch((error: unknown) => error);
    const closing = at.store.close({ deadlineMs: 1 });
    await clock.advance(1);
    await closing;
    expect(await underWay).toMatchObject({ code: "DLQ_CLOSED" });
    expect((await idsOf(at.open())).length).toBeLessThan(letters.length);
  });
});
