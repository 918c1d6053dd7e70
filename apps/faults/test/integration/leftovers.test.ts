import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSamples, type ProcessEnd } from "../../src/soak/memory-samples.ts";
import { endedByItself } from "../../src/soak/soak-result.ts";

const SAMPLES = new URL("../../src/soak/memory-samples.ts", import.meta.url);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "chimera-leftovers-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** How a process ends that is told to be closed and has run `opened` before; it is killed once it has said what holds it. */
async function endOf(opened: string): Promise<ProcessEnd> {
  const path = join(directory, "samples");
  writeFileSync(path, "");
  const script = `
    import { createServer } from "node:net";
    import { MemorySampler } from ${JSON.stringify(SAMPLES.href)};
    const sampler = new MemorySampler(${JSON.stringify(path)}, 50);
    ${opened}
    sampler.closed();
    setTimeout(() => process.kill(process.pid, "SIGKILL"), 2_500).unref();`;
  const child = spawn(
    process.execPath,
    ["--expose-gc", "--import", "tsx", "--input-type=module", "-e", script],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  await once(child, "close");
  return readSamples(path).end;
}

test("a process that left a listener open is not taken to have ended, and names what holds it", async () => {
  const end = await endOf(`createServer().listen(0, "127.0.0.1");`);
  expect(end.left).toContain("TCPServerWrap");
  expect(end).not.toSatisfy(endedByItself);
});

test("a process that closed what it opened ends by itself", async () => {
  const end = await endOf(`createServer().listen(0, "127.0.0.1").close();`);
  expect(end.left).toEqual([]);
  expect(end).toSatisfy(endedByItself);
});
