import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileDeadLetterStore, silentLogger, type DeadLetter } from "@chimera/dlq";
import { LocalQueue, type EnqueueOptions } from "../../../src/index.ts";

const CHILD = fileURLToPath(new URL("../../support/worker-child.ts", import.meta.url));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-worker-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function openQueue(): LocalQueue<string> {
  const journal = { directory: join(folder, "jobs.journal"), durability: "os" } as const;
  return new LocalQueue<string>("jobs", { journal, logger: silentLogger });
}

async function enqueue(payloads: readonly string[], options?: EnqueueOptions): Promise<void> {
  await using queue = openQueue();
  await queue.enqueueMany(payloads, options);
}

/** Runs a worker process, ends it with SIGTERM after `termAfterMs`, and answers how and how fast it ended. */
async function runChild(
  mode: string,
  termAfterMs?: number,
): Promise<{ code: number | null; endedInMs: number }> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--conditions=@chimera/source", CHILD, mode, folder],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const exit = once(child, "exit") as Promise<[number | null]>;
  await once(child.stdout, "data");
  const timer = termAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGTERM"), termAfterMs);
  const startedAt = performance.now();
  const [code] = await exit;
  clearTimeout(timer);
  return { code, endedInMs: performance.now() - startedAt - (termAfterMs ?? 0) };
}

function ledger(): string[] {
  return readFileSync(join(folder, "ledger"), "utf8").trimEnd().split("\n");
}

async function letters(): Promise<DeadLetter[]> {
  await using store = new FileDeadLetterStore({ path: join(folder, "dlq.jsonl") });
  const found: DeadLetter[] = [];
  for await (const { letter } of store.list()) found.push(letter);
  return found;
}

describe("a worker process", () => {
  it("that a job kills every time buries the killer, and none of its 500 neighbours", async () => {
    const neighbours = Array.from({ length: 500 }, (_, n) => `neighbour ${n}`);
    await enqueue([...neighbours.slice(0, 200), "killer", ...neighbours.slice(200)], { maxDeliveries: 6 });
    let lives = 1;
    while ((await runChild("killer")).code !== 0) expect(++lives).toBeLessThan(12);
    expect(await letters()).toMatchObject([{ reason: "poison", payload: '"killer"', attempts: 0 }]);
    expect(new Set(ledger())).toEqual(new Set(neighbours));
    await using queue = openQueue();
    expect(await queue.metrics()).toMatchObject({ depth: 0, delayed: 0, inFlight: 0 });
  }, 60_000);

  it("that exits within a handler leaves the job to the next process, as a delivery and not as a failure", async () => {
    await enqueue(["job"]);
    expect((await runChild("exit")).code).toBe(3);
    expect((await runChild("exit")).code).toBe(0);
    expect(ledger()).toEqual(["job delivery 1 failures 0", "job delivery 2 failures 0"]);
  });

  it("ends by itself, inside its deadline, when it is asked to under load: nothing lost, nothing twice", async () => {
    const jobs = Array.from({ length: 4_000 }, (_, n) => `job ${n}`);
    await enqueue(jobs);
    for (let round = 0; round < 4; round++) {
      const { code, endedInMs } = await runChild("slow", 50 + round * 75);
      expect(code).toBe(0);
      expect(endedInMs).toBeLessThan(2_500);
    }
    const done = ledger();
    expect(new Set(done).size).toBe(done.length);
    await using queue = openQueue();
    const { depth, delayed, inFlight } = await queue.metrics();
    expect({ left: depth + delayed, inFlight }).toEqual({ left: jobs.length - done.length, inFlight: 0 });
    for (const job of await queue.dequeue({ max: 250 })) expect(job.deliveryCount).toBe(1);
  }, 60_000);
});
