import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("drain-child.ts", import.meta.url));

interface WorkerProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly lines: Interface;
}

/** Worker processes on one queue that begin and end together. */
export class WorkerProcesses {
  readonly #workers: readonly WorkerProcess[];

  private constructor(workers: readonly WorkerProcess[]) {
    this.#workers = workers;
  }

  /** Resolves once each has its queue open. */
  static async start(count: number, args: readonly string[]): Promise<WorkerProcesses> {
    const workers = Array.from({ length: count }, () => {
      const child = spawn(process.execPath, ["--import", "tsx", CHILD, ...args], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      return { child, lines: createInterface({ input: child.stdout }) };
    });
    await Promise.all(workers.map(async ({ lines }) => once(lines, "line")));
    return new WorkerProcesses(workers);
  }

  begin(): void {
    for (const { child } of this.#workers) child.stdin.write("begin\n");
  }

  /** Jobs that all of them had. */
  async end(): Promise<number> {
    const counts = await Promise.all(
      this.#workers.map(async ({ child, lines }) => {
        const counted = once(lines, "line") as Promise<[string]>;
        child.stdin.write("end\n");
        const [text] = await counted;
        await once(child, "close");
        return Number(text);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
}
