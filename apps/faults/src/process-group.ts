import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ledgerTime } from "./ledger.ts";
import { commandLine, type ProcessArguments } from "./process-arguments.ts";

const RESTART_MS = 1_000;
/** What a process is started from; `pnpm faults` builds it. */
const COMPILED = new URL("../dist/", import.meta.url);

/** A process of the campaign. */
export interface CampaignProcess {
  readonly name: string;
  readonly child: ChildProcess;
  /** What it works on: the server, or a journal of its own. */
  readonly url: string;
  /** Resolves once its queue is open, or it has ended. */
  readonly ready: Promise<void>;
}

export interface StartOptions {
  /** Milliseconds by which the process's wall clock is wrong. */
  readonly clockOffsetMs?: number;
}

/** What all processes of a group are told. */
type SharedArguments = Omit<ProcessArguments, "ledger" | "name" | "url">;

/** The producers or the workers of a campaign, each with a ledger of its own; an embedded process is both in one. */
export class ProcessGroup {
  readonly #file: string;
  readonly #prefix: string;
  readonly #directory: string;
  readonly #arguments: SharedArguments;
  readonly #running = new Map<string, CampaignProcess>();
  readonly #ready = new Set<string>();
  readonly #ledgers: string[] = [];
  readonly #endedByUs = new Set<string>();
  readonly #endedAt = new Map<string, number>();
  #crashes = 0;
  #stopping = false;

  constructor(prefix: "producer" | "worker" | "embedded", directory: string, shared: SharedArguments) {
    this.#file = fileURLToPath(new URL(`${prefix}-process.js`, COMPILED));
    this.#prefix = prefix;
    this.#directory = directory;
    const { system, ratePerSecond, workMs, leaseMs, durability } = shared;
    this.#arguments = {
      system,
      ratePerSecond,
      workMs,
      leaseMs,
      ...(durability !== undefined && { durability }),
    };
  }

  get ledgers(): readonly string[] {
    return this.#ledgers;
  }

  /** Processes that ended by themselves. A supervisor's place is taken: each was started again a second later. */
  get crashes(): number {
    return this.#crashes;
  }

  /** When each process that is gone was gone, in the ledger's time. */
  get endedAt(): ReadonlyMap<string, number> {
    return this.#endedAt;
  }

  get running(): readonly CampaignProcess[] {
    return [...this.#running.values()];
  }

  /** Those of them whose queue is open. */
  get working(): readonly CampaignProcess[] {
    return this.running.filter(({ name }) => this.#ready.has(name));
  }

  start(url: string, options: StartOptions = {}): CampaignProcess {
    const name = `${this.#prefix}-${this.#ledgers.length + 1}`;
    const ledger = join(this.#directory, `${name}.ledger`);
    // Here already: the process may be killed before its first line.
    writeFileSync(ledger, "", { mode: 0o600 });
    const { clockOffsetMs } = options;
    const clock = clockOffsetMs === undefined ? [] : ["--import", new URL("shifted-clock.js", COMPILED).href];
    const child = spawn(
      process.execPath,
      [...clock, this.#file, ...commandLine({ ...this.#arguments, url, ledger, name })],
      {
        // What a queue logs while it is being hurt is not the result; an uncaught error ends the process and shows in the count.
        stdio: [
          "ignore",
          "ignore",
          process.env["CHIMERA_FAULTS_VERBOSE"] === undefined ? "ignore" : "inherit",
          "ipc",
        ],
        env: {
          ...process.env,
          ...(clockOffsetMs !== undefined && { CHIMERA_CLOCK_OFFSET_MS: String(clockOffsetMs) }),
        },
      },
    );
    const ready = new Promise<void>((resolve) => {
      child.once("message", () => {
        this.#ready.add(name);
        resolve();
      });
      child.once("close", resolve);
    });
    const started = { name, child, url, ready };
    this.#ledgers.push(ledger);
    this.#running.set(name, started);
    child.once("close", (code, signal) => {
      this.#running.delete(name);
      this.#ready.delete(name);
      this.#endedAt.set(name, ledgerTime());
      if (this.#endedByUs.has(name) && (code === 0 || signal === "SIGKILL")) return;
      this.#crashes++;
      setTimeout(() => this.#stopping || this.start(url, options), RESTART_MS).unref();
    });
    return started;
  }

  /** Starts another in the place of one that is gone. */
  replace({ url }: CampaignProcess, options: StartOptions = {}): CampaignProcess {
    return this.start(url, options);
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
    this.#stopping = true;
    const processes = this.running;
    let killed = 0;
    const timer = setTimeout(() => {
      for (const process of this.running) {
        killed++;
        void this.kill(process);
      }
    }, deadlineMs);
    await Promise.all(
      processes.map(async ({ name, child, ready }) => {
        child.kill("SIGCONT");
        // Before, nobody there listens to a signal.
        await ready;
        this.#endedByUs.add(name);
        child.kill("SIGTERM");
        if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      }),
    );
    clearTimeout(timer);
    return killed;
  }
}
