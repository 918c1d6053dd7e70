import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { programOnPath } from "../../src/program-on-path.ts";
import { redisProgram } from "../../src/redis/redis-program.ts";

const isRoot = process.getuid?.() === 0;
const tools = ["flock", "sh", "sleep", "ln"].map((name) => [name, programOnPath([name])] as const);
const canTry = isRoot && tools.every(([, path]) => path !== undefined);
if (!canTry) process.stderr.write("skipped: the path by apt-get needs root and flock\n");

let bin: string;

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "chimera-bin-"));
  vi.stubEnv("PATH", bin);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(bin, { recursive: true });
});

function program(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

describe("redisProgram", () => {
  it("prefers redis-server to valkey-server", async () => {
    program("valkey-server", "");
    expect(await redisProgram()).toBe(join(bin, "valkey-server"));
    program("redis-server", "");
    expect(await redisProgram()).toBe(join(bin, "redis-server"));
  });

  it("finds none where there is neither a server nor apt-get", async () => {
    expect(await redisProgram()).toBeUndefined();
  });

  it.runIf(canTry)("installs once when two ask at the same time, and the second waits", async () => {
    for (const [name, path] of tools) symlinkSync(path ?? "", join(bin, name));
    const log = join(bin, "log");
    program(
      "apt-get",
      `echo "$*" >> ${log}; sleep 0.2; ln -s ${join(bin, "apt-get")} ${join(bin, "redis-server")}`,
    );
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const found = await Promise.all([redisProgram(), redisProgram()]);
    expect(said.mock.calls.flat().join("")).toMatch(/installing it once with apt-get/);
    said.mockRestore();
    expect(found).toEqual([join(bin, "redis-server"), join(bin, "redis-server")]);
    expect(readFileSync(log, "utf8")).toBe("install -y --no-install-recommends redis-server\n");
  });
});
