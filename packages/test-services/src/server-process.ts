import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

import { forget, keepAnEyeOn } from "./janitor.ts";

/** How to run a server's program. */
export interface ServerCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Appended to on every start. */
  readonly logFile: string;
  /** What the server writes to its log once it serves. */
  readonly readyPattern: RegExp;
  /** Where it runs; the current directory of the parent may be closed to `user`. */
  readonly directory: string;
  /** Asks for an orderly end. */
  readonly stopSignal: NodeJS.Signals;
  /** Asks for the fastest end that still cleans up, for when the parent is gone. @defaultValue "SIGKILL" */
  readonly emergencySignal?: NodeJS.Signals;
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs the program as this user; only root can. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;
const POLL_MS = 5;

/** A server's process: started, killed and started again. Readiness comes from its own log, never from its port, which another server might hold. */
export class ServerProcess {
  readonly #command: ServerCommand;
  #child: ChildProcess | undefined;

  constructor(command: ServerCommand) {
    this.#command = command;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Resolves once the server serves.
   *
   * @throws Error with the end of the server's log when it ended or stayed silent for a minute instead.
   */
  async start(): Promise<void> {
    const { program, arguments: args, logFile, directory, environment, user } = this.#command;
    const log = openSync(logFile, "a");
    const from = statSync(logFile).size;
    // A session of its own: Ctrl-C must reach the parent alone, which then ends its servers in order.
    const child = spawn(program, args, {
      cwd: directory,
      detached: true,
      env: { ...process.env, ...environment },
      stdio: ["ignore", log, log],
      ...user,
    });
    closeSync(log);
    const { pid } = child;
    if (pid === undefined) {
      const [error] = (await once(child, "error")) as [Error];
      throw new Error(`${program} cannot be started: ${error.message}`, { cause: error });
    }
    keepAnEyeOn("process", String(pid), this.#command.emergencySignal);
    this.#child = child;
    child.once("exit", () => {
      forget("process", String(pid));
      if (this.#child === child) this.#child = undefined;
    });
    await this.#ready(child, from);
    child.unref();
  }

  async #ready(child: ChildProcess, from: number): Promise<void> {
    const { program, logFile, readyPattern } = this.#command;
    const deadline = performance.now() + READY_WITHIN_MS;
    for (;;) {
      const written = readFileSync(logFile).subarray(from).toString();
      if (readyPattern.test(written)) return;
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (ended || performance.now() > deadline) {
        if (!ended) await this.kill9();
        const what = ended ? `ended with ${child.exitCode ?? child.signalCode}` : "was not ready in 60 s";
        throw new Error(`${program} ${what}. The end of its log:\n${written.trimEnd().slice(-2_000)}`);
      }
      await delay(POLL_MS);
    }
  }

  /** Ends the server with SIGKILL and resolves once it is gone. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends the server in order, or after 10 s with SIGKILL. */
  async stop(): Promise<void> {
    await this.#end(this.#command.stopSignal);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.ref();
    const gone = once(child, "exit");
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await gone;
    clearTimeout(timer);
  }
}
