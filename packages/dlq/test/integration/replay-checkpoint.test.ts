import { readFile, stat, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { FileReplayCheckpoint, replay, type ReplayTarget } from "../../src/index.ts";
import { appendEach, fileDesk, idsOf } from "../support/file-desk.ts";

const takesAll: ReplayTarget = { name: "queue:quakes", take: async (items) => items.map(() => "taken") };
const IDENTITY = { target: "queue:quakes", filter: "{}" };
const PROGRESS = { startedAt: "2026-11-23T08:30:00.000Z", taken: 3, duplicates: 0, failed: 1, skipped: 0 };

describe("a replay of a file", () => {
  it("notes its start before anything is sent, and removes the note when it is done", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a"]);
    const path = `${at.path}.replay.json`;
    let noted: unknown;
    const target: ReplayTarget = {
      ...takesAll,
      take: async (items) => {
        noted = JSON.parse(await readFile(path, "utf8"));
        return items.map(() => "taken");
      },
    };
    await replay(at.store, target);
    expect(noted).toMatchObject({ v: 1, target: "queue:quakes", progress: { taken: 0 } });
    await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("goes on from the note of the same replay only", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a"]);
    const checkpoint = new FileReplayCheckpoint(`${at.path}.replay.json`);
    await checkpoint.save(IDENTITY, PROGRESS);
    expect(await checkpoint.load({ ...IDENTITY, filter: '{"state":"any"}' })).toBeUndefined();
    expect(await replay(at.store, takesAll)).toMatchObject({ resumed: true, taken: 4, failed: 1 });
  });

  it("refuses a note that is none rather than forgetting what it said", async () => {
    await using at = await fileDesk();
    await writeFile(`${at.path}.replay.json`, "{");
    await expect(replay(at.store, takesAll)).rejects.toMatchObject({ code: "DLQ_INVALID" });
  });

  it("keeps another replay out until it is done", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a"]);
    let enter = (): void => {};
    const entered = new Promise<void>((resolve) => (enter = resolve));
    let leave = (): void => {};
    const mayLeave = new Promise<void>((resolve) => (leave = resolve));
    const slow: ReplayTarget = {
      ...takesAll,
      take: async (items) => {
        enter();
        await mayLeave;
        return items.map(() => "taken");
      },
    };
    const first = replay(at.store, slow);
    await entered;
    const abort = new AbortController();
    const second = replay(at.open(), takesAll, { signal: abort.signal });
    const reason = new Error("no more waiting");
    abort.abort(reason);
    await expect(second).rejects.toBe(reason);
    leave();
    expect(await first).toMatchObject({ ended: "done", taken: 1 });
    expect(await idsOf(at.store)).toEqual([]);
  });

  it("is refused with DLQ_LOCKED while another holds the file for longer than a dead one could", async () => {
    await using at = await fileDesk();
    const lock = await at.store.lock();
    await expect(replay(at.open(), takesAll)).rejects.toMatchObject({ code: "DLQ_LOCKED", retryable: true });
    await lock.release();
    expect(await replay(at.open(), takesAll)).toMatchObject({ ended: "done" });
  });
});
