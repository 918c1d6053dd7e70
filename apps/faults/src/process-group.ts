import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandLine, type ProcessArguments } from "./process-arguments.ts";

const RESTART_MS = 1_000;

/** A process of the campaign. */
export interface CampaignProcess {
  readonly name: string;
  readonly child: ChildProcess;
}

export interface StartOptions {
  /** Milliseconds by which the process's wall clock is wrong. */
  readonly clockOffsetMs?: number;
}

/** The producers or the workers of a campaign, each with a ledger of its own. */
export class ProcessGroup {
  readonly #file: string;
  readonly #prefix: string;
  readonly #directory: string;
  readonly #arguments: Omit<ProcessArguments, "ledger" | "name">;
  readonly #running = new Map<string, CampaignProcess>();
  readonly #ledgers: string[] = [];
  readonly #endedByUs = new Set<string>();
  #crashes = 0;
  #stopping = false;

  constructor(
    prefix: "producer" | "worker",
    directory: string,
    shared: Omit<ProcessArguments, "ledger" | "name">,
  ) {
    this.#file = fileURLToPath(new URL(`${prefix}-process.ts`, import.meta.url));
    this.#prefix = prefix;
    this.#directory = directory;
    this.#arguments = shared;
  }

  get ledgers(): readonly string[] {
    return this.#ledgers;
  }

  /** Processes that ended by themselves. A supervisor's place is taken: each was started again a second later. */
  get crashes(): number {
    return this.#crashes;
  }

  get running(): readonly CampaignProcess[] {
    return [...this.#running.values()];
  }

  start(options: StartOptions = {}): CampaignProcess {
    const name = `${this.#prefix}-${this.#ledgers.length + 1}`;
    const ledger = join(this.#directory, `${name}.ledger`);
    // Here already: the process may be killed before its first line.
    writeFileSync(ledger, "", { mode: 0o600 });
    const { clockOffsetMs } = options;
    const clock =
      clockOffsetMs === undefined ? [] : ["--import", new URL("shifted-clock.ts", import.meta.url).href];
    const child = spawn(
      process.execPath,
      [
        "--import",
        "tsx",
        ...clock,
        "--conditions=@chimera/source",
        this.#file,
        ...commandLine({ ...this.#arguments, ledger, name }),
      ],
      {
        // What a queue logs while it is being hurt is not the result; an uncaught error ends the process and shows in the count.
        stdio: [
          "ignore",
          "ignore",
          process.env["CHIMERA_FAULTS_VERBOSE"] === undefined ? "ignore" : "inherit",
        ],
        env: {
          ...process.env,
          ...(clockOffsetMs !== undefined && { CHIMERA_CLOCK_OFFSET_MS: String(clockOffsetMs) }),
        },
      },
    );
    const started = { name, child };
    this.#ledgers.push(ledger);
    this.#running.set(name, started);
    child.once("close", () => {
      this.#running.delete(name);
      if (this.#endedByUs.has(name)) return;
      this.#crashes++;
      setTimeout(() => this.#stopping || this.start(options), RESTART_MS).unref();
    });
    return started;
  }

  /** Kills with SIGKILL and resolves once the process is gone. */
  async kill({ name, child }: CampaignProcess): Promise<void> {
    this.#endedByUs.add(name);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  /** Asks every process to end in order; kills what has not ended within `deadlineMs`. Answers how many had to be killed. */
  async stop(deadlineMs: number): Promise<number> {
    const processes = this.running;
    this.#stopping = true;
    for (const { name, child } of processes) {
      this.#endedByUs.add(name);
      child.kill("SIGCONT");
      child.kill("SIGTERM");
    }
    let killed = 0;
    const timer = setTimeout(() => {
      for (const process of this.running) {
        killed++;
        void this.kill(process);
      }
    }, deadlineMs);
    await Promise.all(
      processes.map(async ({ child }) => {
        if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      }),
    );
    clearTimeout(timer);
    return killed;
  }
}
