import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ProcessEnd, type ProcessSample, readSamples } from "./memory-samples.ts";
import { soakCommandLine, type SoakArguments } from "./soak-arguments.ts";

/** Where a process is started from. */
export interface ProcessSource {
  readonly folder: URL;
  readonly suffix: string;
  readonly flags: readonly string[];
}

/** What `pnpm faults` builds; a loader would be part of what is weighed. */
export const COMPILED: ProcessSource = {
  folder: new URL("../../dist/", import.meta.url),
  suffix: "js",
  flags: [],
};

/** A producer or worker of a soak. */
export class SoakProcess {
  readonly name: string;
  readonly ledger: string;
  readonly #samples: string;
  readonly #child: ChildProcess;

  constructor(
    source: ProcessSource,
    role: "producer" | "worker",
    directory: string,
    shared: Omit<SoakArguments, "ledger" | "samples">,
  ) {
    this.name = shared.name;
    this.ledger = join(directory, `${this.name}.ledger`);
    this.#samples = join(directory, `${this.name}.samples`);
    for (const path of [this.ledger, this.#samples]) writeFileSync(path, "", { mode: 0o600 });
    const file = fileURLToPath(new URL(`soak-${role}-process.${source.suffix}`, source.folder));
    const told = soakCommandLine({ ...shared, ledger: this.ledger, samples: this.#samples });
    this.#child = spawn(process.execPath, ["--expose-gc", ...source.flags, file, ...told], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
  }

  /** @throws Error when it ended before its queue was open. */
  async ready(): Promise<void> {
    const ended = new AbortController();
    this.#child.once("close", () => ended.abort());
    await once(this.#child, "message", { signal: ended.signal }).catch(() => {
      throw new Error(`${this.name} ended before it was ready`);
    });
  }

  /** Whether it is gone without having been told. */
  get gone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Asks it to close everything; it is to end by itself, and is killed when it has not within `deadlineMs`. */
  async end(deadlineMs: number): Promise<void> {
    if (this.gone) return;
    const closed = once(this.#child, "close");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), deadlineMs);
    this.#child.kill("SIGTERM");
    await closed;
    clearTimeout(timer);
  }

  /** What it wrote of itself. */
  read(): { readonly samples: readonly ProcessSample[]; readonly end: ProcessEnd } {
    return readSamples(this.#samples);
  }
}
