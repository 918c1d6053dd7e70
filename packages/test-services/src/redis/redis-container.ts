import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { forget, keepAnEyeOn } from "../janitor.ts";
import type { Runner } from "../own-service.ts";

const IMAGE = "redis:8-alpine";
const READY = /Ready to accept connections/g;
const READY_WITHIN_MS = 60_000;
const POLL_MS = 50;
/** The first run may have to fetch the image. */
const PULL_WITHIN_MS = 300_000;

async function docker(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)("docker", args, { timeout: PULL_WITHIN_MS });
  return stdout + stderr;
}

/** Whether an engine answers, not only whether the command is there. */
export async function dockerAnswers(): Promise<boolean> {
  return docker("version", "--format", "{{.Server.Version}}").then(
    () => true,
    () => false,
  );
}

/** Redis in a container of its own, whose data live as long as the container. */
export class RedisContainer implements Runner {
  readonly pid: undefined;
  readonly #name = `chimera-redis-${randomUUID()}`;
  readonly #port: number;
  readonly #config: readonly string[];
  #made = false;
  #starts = 0;

  /** @param config - lines of redis.conf, handed over as the arguments that Redis takes in their place. */
  constructor(port: number, config: readonly string[]) {
    this.#port = port;
    this.#config = config;
  }

  async start(): Promise<void> {
    if (this.#made) await docker("start", this.#name);
    else await this.#make();
    this.#starts += 1;
    const deadline = performance.now() + READY_WITHIN_MS;
    while (((await docker("logs", this.#name)).match(READY) ?? []).length < this.#starts) {
      if (performance.now() > deadline) {
        throw new Error(`${IMAGE} in Docker was not ready in 60 s:\n${await docker("logs", this.#name)}`);
      }
      await delay(POLL_MS);
    }
  }

  async #make(): Promise<void> {
    keepAnEyeOn("container", this.#name);
    const options = this.#config.flatMap((line) => {
      const [name = "", ...values] = line.split(" ");
      return [`--${name}`, ...values.map((value) => (value === '""' ? "" : value))];
    });
    const publish = `127.0.0.1:${this.#port}:6379`;
    await docker(
      "run",
      "--detach",
      "--name",
      this.#name,
      "--publish",
      publish,
      IMAGE,
      "redis-server",
      ...options,
    );
    this.#made = true;
  }

  async kill9(): Promise<void> {
    await docker("kill", "--signal", "KILL", this.#name);
    await docker("wait", this.#name);
  }

  async stop(): Promise<void> {
    await docker("stop", this.#name);
  }

  async remove(): Promise<void> {
    await docker("rm", "--force", "--volumes", this.#name);
    forget("container", this.#name);
  }
}
