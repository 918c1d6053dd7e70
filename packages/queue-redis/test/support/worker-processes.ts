import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { Effects } from "./effects.ts";

const SCRIPT = fileURLToPath(new URL("worker-process.ts", import.meta.url));
const SHIFTED_CLOCK = new URL("shifted-clock.ts", import.meta.url).href;
/** A process loads its modules first, and on a busy machine that takes a while. */
const PATIENCE = { timeout: 60_000, interval: 20 };

/** A worker that runs as a real process. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly ledger: string;
}

export interface WorkerProcessesOptions {
  readonly queue: string;
  /** Variables that say where the server is. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds that a handler works. @defaultValue 20 */
  readonly workMs?: number;
}

/** Worker processes of one queue, each with a ledger of its own. */
export class WorkerProcesses implements AsyncDisposable {
  readonly #options: WorkerProcessesOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), "chimera-workers-"));
  readonly #started: WorkerProcess[] = [];

  constructor(options: WorkerProcessesOptions) {
    this.#options = options;
  }

  /** Resolves once the worker has reached its queue. */
  async start({ clockOffsetMs }: { readonly clockOffsetMs?: number } = {}): Promise<WorkerProcess> {
    const { queue, environment, workMs = 20 } = this.#options;
    const ledger = join(this.#directory, `worker-${this.#started.length}.ledger`);
    writeFileSync(ledger, "");
    const clock = clockOffsetMs === undefined ? [] : ["--import", SHIFTED_CLOCK];
    const shift = clockOffsetMs === undefined ? {} : { CHIMERA_TEST_CLOCK_OFFSET_MS: String(clockOffsetMs) };
    const child = spawn(
      process.execPath,
      ["--import", "tsx", ...clock, "--conditions=@chimera/source", SCRIPT, queue, ledger, String(workMs)],
      { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...environment, ...shift } },
    );
    const worker = { child, ledger };
    this.#started.push(worker);
    await vi.waitFor(() => {
      if (!readFileSync(ledger, "utf8").includes("ready")) throw new Error("the worker has not begun");
    }, PATIENCE);
    return worker;
  }

  /** Kills it with SIGKILL while it works: handlers have begun since this was called. */
  async killAtWork({ child, ledger }: WorkerProcess): Promise<void> {
    const before = readFileSync(ledger).length;
    await vi.waitFor(() => {
      if (!readFileSync(ledger).subarray(before).includes("start")) throw new Error("it does not work");
    }, PATIENCE);
    child.kill("SIGKILL");
    await ended(child);
  }

  /** Stops it with SIGSTOP while it works: at least one of its handlers has begun and not ended. */
  async stopAtWork({ child, ledger }: WorkerProcess): Promise<void> {
    await vi.waitFor(
      async () => {
        child.kill("SIGSTOP");
        await vi.waitUntil(() => readFileSync(`/proc/${child.pid}/stat`, "utf8").includes(") T "));
        const lines = readFileSync(ledger, "utf8").split("\n");
        const count = (word: string): number => lines.filter((line) => line.startsWith(`${word} `)).length;
        if (count("start") > count("effect")) return;
        child.kill("SIGCONT");
        throw new Error("it does not work");
      },
      { ...PATIENCE, interval: 5 },
    );
  }

  get effects(): Effects {
    return Effects.read(this.#started.map(({ ledger }) => ledger));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#started) {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
    }
    await Promise.all(this.#started.map(async ({ child }) => ended(child)));
    rmSync(this.#directory, { recursive: true });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
