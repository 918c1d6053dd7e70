import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { rotatedSegments } from "../../src/file/segments.ts";
import { temporaryPath } from "../../src/file/temporary-file.ts";
import { silentLogger } from "../../src/index.ts";
import { ManualClock, sampleLetter } from "../../src/testing/index.ts";
import { appendEach, fileDesk, idsOf } from "../support/file-desk.ts";

const KIB = JSON.stringify("x".repeat(1_000));
const DAY_MS = 86_400_000;
const ids = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, at) => `letter ${from + at}`);

describe("rotation and retention", () => {
  it("begins a new file at its size, and lists all files as one", async () => {
    await using at = await fileDesk({ rotateBytes: 4_096 });
    await appendEach(at.store, ids(10), KIB);
    const files = await rotatedSegments(at.path);
    expect(files.map(({ path }) => path.slice(at.path.length))).toEqual([".000001", ".000002"]);
    expect(await idsOf(at.store)).toEqual(ids(10));
    expect((await at.store.stats()).count).toBe(10);
    expect(at.store.retention).toMatchObject({ rotations: 2, droppedFiles: 0 });
  });

  it("replaces, withdraws and marks letters of older files", async () => {
    await using at = await fileDesk({ rotateBytes: 4_096 });
    await appendEach(at.store, ids(9), KIB);
    await at.store.append([sampleLetter({ id: "letter 0", message: "again" })]);
    await at.store.withdraw(["letter 1"]);
    await at.store.markReplayed([{ id: "letter 2", ts: sampleLetter().ts }]);
    expect(await idsOf(at.store)).toEqual([...ids(6, 3), "letter 0"]);
    expect(await idsOf(at.store, { state: "replayed" })).toEqual(["letter 2"]);
  });

  it("rotates once when several stores find the file due", async () => {
    await using at = await fileDesk({ rotateBytes: 20_000 });
    const stores = [at.store, at.open(), at.open()];
    await Promise.all(stores.map(async (store, of) => appendEach(store, ids(15, of * 100), KIB)));
    expect((await rotatedSegments(at.path)).length).toBeLessThanOrEqual(4);
    expect(await idsOf(at.store)).toHaveLength(45);
  });

  it("refuses letters at maxBytes under block, still takes marks, and takes letters again after a purge", async () => {
    await using at = await fileDesk({ rotateBytes: 4_096, maxBytes: 16_384 });
    const stored = ids(11);
    await appendEach(at.store, stored, KIB);
    await expect(appendEach(at.store, ids(5, 100), KIB)).rejects.toMatchObject({
      code: "DLQ_FULL",
      retryable: true,
    });
    const kept = await idsOf(at.store);
    expect(kept.slice(0, 11)).toEqual(stored);
    await at.store.markReplayed(kept.map((id) => ({ id, ts: sampleLetter().ts })));
    expect(await at.store.purge({ state: "replayed" })).toBe(kept.length);
    await appendEach(at.store, ["after"], KIB);
    expect(await idsOf(at.store)).toEqual(["after"]);
  });

  it("drops the oldest file at maxBytes under drop-oldest, and counts what it dropped", async () => {
    await using at = await fileDesk({ rotateBytes: 4_096, maxBytes: 16_384, whenFull: "drop-oldest" });
    await appendEach(at.store, ids(30), KIB);
    const kept = await idsOf(at.store);
    const { droppedFiles, droppedLetters, droppedBytes } = at.store.retention;
    expect(kept).toEqual(ids(kept.length, 30 - kept.length));
    expect(droppedLetters + kept.length).toBe(30);
    expect(droppedFiles).toBeGreaterThan(3);
    expect(droppedBytes).toBeGreaterThan(12_000);
    expect((await at.store.stats()).bytes).toBeLessThanOrEqual(16_384);
  });

  it("passes over a file that another process dropped first, and counts only its own", async () => {
    await using at = await fileDesk({ rotateBytes: 4_096, maxBytes: 16_384, whenFull: "drop-oldest" });
    await appendEach(at.store, ids(10), KIB);
    const [, second] = await rotatedSegments(at.path);
    const dropping = at.open({
      logger: { ...silentLogger, warn: () => rmSync(second?.path ?? "", { force: true }) },
    });
    // Needs the room of two files.
    await appendEach(dropping, ["large"], JSON.stringify("x".repeat(8_000)));
    expect(dropping.retention).toMatchObject({ droppedFiles: 1, droppedLetters: 4 });
    expect(await idsOf(dropping)).toEqual(["letter 8", "letter 9", "large"]);
  });

  it("drops each file once when several stores drop the oldest", async () => {
    const full = { rotateBytes: 4_096, maxBytes: 16_384, whenFull: "drop-oldest" } as const;
    await using at = await fileDesk(full);
    const stores = [at.store, at.open(), at.open(), at.open()];
    await Promise.all(stores.map(async (store, of) => appendEach(store, ids(40, of * 100), KIB)));
    const sumOf = (name: "rotations" | "droppedFiles"): number =>
      stores.reduce((sum, { retention }) => sum + retention[name], 0);
    expect(sumOf("rotations") - sumOf("droppedFiles")).toBe((await rotatedSegments(at.path)).length);
    expect(sumOf("droppedFiles")).toBeGreaterThan(10);
  });

  it("fails with an error of its own when it cannot make room", async () => {
    await using at = await fileDesk({ rotateBytes: 4_096, maxBytes: 16_384, whenFull: "drop-oldest" });
    await mkdir(`${at.path}.000001`);
    await writeFile(at.path, "x".repeat(16_000));
    await expect(appendEach(at.store, ["a"], KIB)).rejects.toMatchObject({
      name: "DlqError",
      code: "DLQ_NOT_WRITABLE",
    });
  });

  it("drops files whose letters are all too old, and rotates a file that would never grow so far", async () => {
    const clock = new ManualClock(Date.parse("2026-11-23T00:00:00.000Z"));
    await using at = await fileDesk({ maxAgeMs: 10 * DAY_MS, clock });
    await at.store.append([sampleLetter({ id: "old", ts: "2026-11-17T00:00:00.000Z" })]);
    const [rotated] = await rotatedSegments(at.path);
    expect(rotated?.number).toBe(1);
    const oldest = new Date("2026-11-17T00:00:00.000Z");
    await utimes(rotated?.path ?? "", oldest, oldest);
    await clock.advance(3 * DAY_MS);
    await at.store.append([sampleLetter({ id: "young", ts: "2026-11-26T00:00:00.000Z" })]);
    expect(await idsOf(at.store)).toEqual(["old", "young"]);
    await clock.advance(2 * DAY_MS);
    await appendEach(at.store, ["younger"]);
    expect(await idsOf(at.store)).not.toContain("old");
    expect(at.store.retention).toMatchObject({ droppedFiles: 1, droppedLetters: 1 });
  });
});

describe("purge", () => {
  it("rewrites files without the purged letters, what they replaced, and marks that no longer count", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a", "b", "c", "d"]);
    await at.store.append([sampleLetter({ id: "a", reason: "poison" })]);
    await at.store.withdraw(["b"]);
    await at.store.markReplayed([sampleLetter({ id: "c" })]);
    expect(await at.store.purge({ reasons: ["poison"] })).toBe(1);
    const [file] = await rotatedSegments(at.path);
    const lines = (await readFile(file?.path ?? "", "utf8")).trim().split("\n");
    const kinds = lines.map((line) => JSON.parse(line) as { id: string; mark?: string });
    expect(kinds.map(({ id, mark = "letter" }) => `${mark} ${id}`)).toEqual([
      "letter c",
      "letter d",
      "replayed c",
    ]);
    expect(await idsOf(at.store, { state: "replayed" })).toEqual(["c"]);
  });

  it("removes what a killed purge or replay left half written, and nothing else", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a", "b"]);
    const temporaries = [`${at.path}.000001`, `${at.path}.replay.json`].map(temporaryPath);
    const others = [`${at.path}.000001.tmp`, `${at.path}.mine.${randomUUID()}.tmp`];
    for (const path of [...temporaries, ...others]) await writeFile(path, "half");
    await at.store.purge({ ids: ["a"] });
    const names = await readdir(at.directory);
    for (const path of temporaries) expect(names).not.toContain(basename(path));
    for (const path of others) expect(names).toContain(basename(path));
    expect(await idsOf(at.store)).toEqual(["b"]);
  });

  it("keeps out another purge while one runs", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a"]);
    const lock = await at.store.lock();
    const purging = at.open().purge({});
    await at.store.append([sampleLetter({ id: "b" })]);
    expect(await idsOf(at.store)).toEqual(["a", "b"]);
    await lock.release();
    expect(await purging).toBe(2);
  });
});
