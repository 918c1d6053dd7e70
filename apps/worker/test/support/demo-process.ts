import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { directoryForServers } from "@chimera/test-services";

const MAIN = fileURLToPath(new URL("../../src/demo/main.ts", import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** A run of the demo that has ended. */
export interface DemoResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly lastLine: string;
}

/** How to run it. */
export interface DemoRun {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Called with the process and with all of its output so far, each time that there is more. */
  readonly onOutput?: (child: ChildProcess, out: string) => void;
}

/** A place of its own for the demo's data, removed in the end. */
export class DemoPlace implements Disposable {
  readonly #temporary = mkdtempSync(join(tmpdir(), "chimera-demo-test-"));

  /** Where the data are. */
  get path(): string {
    return directoryForServers(this.#temporary);
  }

  /** Runs the demo as a process of its own, with no setting but those given. */
  async run(
    flags: readonly string[],
    { environment = {}, input, onOutput }: DemoRun = {},
  ): Promise<DemoResult> {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(?:CHIMERA_|PG|INIT_CWD)/.test(name));
    const child = spawn(
      process.execPath,
      ["--import", TSX, "--conditions=@chimera/source", MAIN, "--directory", this.#temporary, ...flags],
      { cwd: this.#temporary, env: { ...Object.fromEntries(inherited), ...environment } },
    );
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      onOutput?.(child, out);
    });
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.end(input ?? "");
    const [code] = (await once(child, "close")) as [number | null];
    return { code, out, err, lastLine: out.trimEnd().split("\n").at(-1) ?? "" };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
    rmSync(this.#temporary, { recursive: true, force: true });
  }
}
