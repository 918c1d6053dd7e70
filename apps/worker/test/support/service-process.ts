import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** Not kept for the next request: on a busy machine that could come in the moment in which the service closes an idle connection. */
const ONCE = { headers: { connection: "close" } };

/** What the service answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** The service as a process of its own, in a directory of its own. */
export class ServiceProcess implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "chimera-service-test-"));
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #ended: Promise<[number | null]>;
  #url = "";
  /** Its log: every line of standard output is JSON. */
  readonly log: { readonly msg: string; readonly [field: string]: unknown }[] = [];
  /** Everything that it wrote to standard error. */
  err = "";

  private constructor(environment: Readonly<Record<string, string>>, imports: readonly string[]) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(?:CHIMERA_|PG|NODE_ENV)/.test(name));
    const loaded = [TSX, ...imports].flatMap((url) => ["--import", url]);
    this.#child = spawn(process.execPath, [...loaded, "--conditions=@chimera/source", MAIN], {
      cwd: this.#directory,
      env: { ...Object.fromEntries(inherited), CHIMERA_HTTP_PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stderr.on("data", (chunk: Buffer) => (this.err += chunk.toString()));
    this.#ended = once(this.#child, "close") as Promise<[number | null]>;
  }

  /** Resolves once it listens, or has ended instead. @param imports - URLs of modules that are loaded before it */
  static async start(
    environment: Readonly<Record<string, string>>,
    imports: readonly string[] = [],
  ): Promise<ServiceProcess> {
    const service = new ServiceProcess(environment, imports);
    const listening = new Promise<void>((resolve) => {
      createInterface({ input: service.#child.stdout }).on("line", (line) => {
        const entry = JSON.parse(line) as { msg: string; url?: string };
        service.log.push(entry);
        const { msg, url } = entry;
        if (msg !== "http.listening") return;
        service.#url = url ?? "";
        resolve();
      });
    });
    await Promise.race([listening, service.#ended]);
    return service;
  }

  /** Where it listens; empty when it ended instead. */
  get url(): string {
    return this.#url;
  }

  async get(path: string): Promise<Answer> {
    return answerOf(await fetch(this.#url + path, ONCE));
  }

  async text(path: string): Promise<string> {
    return (await fetch(this.#url + path, ONCE)).text();
  }

  async post(
    path: string,
    body: string,
    contentType = "application/json",
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const headers = { "content-type": contentType, ...more };
    return answerOf(await fetch(this.#url + path, { method: "POST", body, headers }));
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves once it has logged `event`. */
  async logged(event: string): Promise<void> {
    while (!this.log.some(({ msg }) => msg === event)) await once(this.#child.stdout, "data");
  }

  /** Its exit code, once it has ended. */
  async exitCode(): Promise<number | null> {
    return (await this.#ended)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.#ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return { status, headers, body: (await response.json()) as Record<string, unknown> };
}
