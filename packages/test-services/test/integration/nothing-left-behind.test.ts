import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { isAlive } from "../../src/process-table.ts";

const SCRIPT = fileURLToPath(new URL("../support/start-everything.ts", import.meta.url));
let temporary: string;

beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), "chimera-left-behind-"));
  // Postgres may run as another account, which has to get in.
  chmodSync(temporary, 0o755);
});
afterAll(() => {
  rmSync(temporary, { recursive: true });
});

/** The pids of the servers that a process started before it came to this end. */
async function serversOfAProcessThat(ends: "returns" | "crash" | "SIGINT" | "SIGKILL"): Promise<number[]> {
  const waits = ends === "SIGINT" || ends === "SIGKILL";
  const child = spawn(process.execPath, ["--import", "tsx", SCRIPT, waits ? "wait" : ends], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "exit");
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  if (waits) child.kill(ends);
  await ended;
  return JSON.parse(line) as number[];
}

describe("a process that started servers", () => {
  it.each(["returns", "crash", "SIGINT", "SIGKILL"] as const)(
    "leaves none behind when it ends by %s",
    async (ends) => {
      const servers = await serversOfAProcessThat(ends);
      expect(servers).toHaveLength(3);
      await vi.waitFor(
        () => {
          expect(servers.filter(isAlive)).toEqual([]);
          expect(readdirSync(temporary).filter((name) => name.startsWith("chimera-"))).toEqual([]);
        },
        { timeout: 10_000 },
      );
    },
  );
});
