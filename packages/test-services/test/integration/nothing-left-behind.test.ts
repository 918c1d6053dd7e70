import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { childrenOf, isAlive } from "../../src/process-table.ts";

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

const ENDS = ["returns", "crash", "SIGINT", "SIGKILL", "SIGTERM to its whole tree"] as const;

/** The pids of the servers that a process started before it came to this end. */
async function serversOfAProcessThat(ends: (typeof ENDS)[number]): Promise<number[]> {
  const waits = ends.startsWith("SIG");
  const child = spawn(process.execPath, ["--import", "tsx", SCRIPT, waits ? "wait" : ends], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "exit");
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const [signal] = ends.split(" ") as [NodeJS.Signals];
  const tree = ends.includes("tree") ? childrenOf(child.pid ?? 0) : [];
  for (const pid of tree) process.kill(pid, signal);
  if (waits) child.kill(signal);
  await ended;
  return JSON.parse(line) as number[];
}

describe("a process that started servers", () => {
  it.each(ENDS)("leaves none behind when it ends by %s", async (ends) => {
    const servers = await serversOfAProcessThat(ends);
    expect(servers).toHaveLength(3);
    await vi.waitFor(
      () => {
        expect(servers.filter(isAlive)).toEqual([]);
        expect(readdirSync(temporary).filter((name) => name.startsWith("chimera-"))).toEqual([]);
      },
      { timeout: 20_000 },
    );
  });
});
