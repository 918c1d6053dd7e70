import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { crashAppend } from "../support/crash-append.ts";
import { crashReplay } from "../support/crash-replay.ts";
import { temporaryDirectory } from "../support/disk-directory.ts";

/** A file system in memory, on most systems. */
const MEMORY = "/dev/shm";

// The same, by the hundred, is `campaign:crash`.
describe("a process killed with SIGKILL", () => {
  it("loses no letter that it had acknowledged, while others append, rotate and purge", async () => {
    await using directory = await temporaryDirectory();
    const { path } = directory;
    const one = { directory: path, writers: 2, kills: 6, rotateBytes: 1_000_000, purging: true };
    const result = await crashAppend(one);
    expect(result.lost).toBe(0);
    expect(result.acknowledged).toBeGreaterThan(0);
    expect(result.unreadable).toBeLessThanOrEqual(result.kills + one.writers + 1);
  }, 60_000);

  it("replays every letter exactly once, resumed as often as it takes", async () => {
    await using directory = await temporaryDirectory();
    const one = { directory: directory.path, kills: 1, letters: 2_000, ratePerSecond: 4_000 };
    expect(await crashReplay(one)).toEqual({ kills: 1, letters: 2_000, missing: 0, doubled: 0, unmarked: 0 });
  }, 60_000);

  it.skipIf(!existsSync(MEMORY))(
    "proves nothing in memory: a campaign refuses such a directory",
    async () => {
      vi.stubEnv("CHIMERA_TEST_DIRECTORY", MEMORY);
      onTestFinished(() => void vi.unstubAllEnvs());
      await expect(temporaryDirectory({ durable: true })).rejects.toThrow(/is on tmpfs, in memory/);
      expect(readdirSync(MEMORY).filter((name) => name.startsWith("chimera-dlq-"))).toEqual([]);
    },
  );
});
