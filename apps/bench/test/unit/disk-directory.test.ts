import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { diskDirectory } from "../../src/disk-directory.ts";

const MEMORY = "/dev/shm";

test.skipIf(!existsSync(MEMORY))(
  "a memory file system is refused by name, and nothing is left on it",
  async () => {
    await expect(diskDirectory(MEMORY)).rejects.toThrow(/is on tmpfs: set BENCH_DIR/);
    expect(readdirSync(MEMORY).filter((name) => name.startsWith("chimera-bench-"))).toEqual([]);
  },
);
