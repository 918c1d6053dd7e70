import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The last release that runs on Node 20, and the dependency whose dist-tag some registries lack. */
const MANIFEST = {
  private: true,
  dependencies: { verdaccio: "6.8.0" },
  overrides: { "node-fetch": "2.7.0" },
};

const START_DEADLINE_MS = 60_000;

/** A package registry on loopback that holds nothing but what is published to it, and forwards nothing. */
export class LocalRegistry implements AsyncDisposable {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.#process = process;
  }

  /** Installs verdaccio into a folder and starts it; resolves when it answers. */
  static async start(directory: string): Promise<LocalRegistry> {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "package.json"), JSON.stringify(MANIFEST));
    await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: directory });
    const url = `http://127.0.0.1:${await freePort()}/`;
    const rights = { access: "$all", publish: "$all", unpublish: "$all" };
    const config = {
      storage: "./storage",
      uplinks: {},
      packages: { "@chimera/*": rights, "**": rights },
      auth: { htpasswd: { file: "./htpasswd" } },
      log: { type: "stdout", format: "pretty", level: "error" },
    };
    // JSON is YAML.
    await writeFile(join(directory, "config.yaml"), JSON.stringify(config));
    const verdaccio = join(directory, "node_modules/verdaccio/bin/verdaccio");
    const args = [verdaccio, "--config", "config.yaml", "--listen", url];
    const registry = new LocalRegistry(
      url,
      spawn(process.execPath, args, { cwd: directory, stdio: "inherit" }),
    );
    await registry.#answers();
    return registry;
  }

  /** What an `.npmrc` says so that our packages, and no others, come from here and go here. */
  get npmrc(): string {
    return `@chimera:registry=${this.url}\n//${new URL(this.url).host}/:_authToken=rehearsal\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill();
    await ended;
  }

  async #answers(): Promise<void> {
    const deadline = performance.now() + START_DEADLINE_MS;
    while (performance.now() < deadline && this.#process.exitCode === null) {
      const answered = await fetch(`${this.url}-/ping`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answered) return;
      await sleep(100);
    }
    this.#process.kill();
    throw new Error(`Expected the registry to answer within ${START_DEADLINE_MS} ms`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
