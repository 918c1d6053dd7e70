import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { Runner } from "../own-service.ts";
import { childrenHeldStill, isAlive } from "../process-table.ts";
import { ServerProcess } from "../server-process.ts";
import type { PostgresPrograms, PostgresUser } from "./postgres-programs.ts";

const POLL_MS = 5;

/** What a postmaster is started with. */
export interface PostmasterOptions {
  readonly programs: PostgresPrograms;
  readonly user: PostgresUser | undefined;
  readonly directory: string;
  readonly data: string;
  readonly port: number;
  /** Settings as `name=value`. */
  readonly config: readonly string[];
}

/** A Postgres server: the postmaster and the backends that it forked. */
export class Postmaster implements Runner {
  readonly #data: string;
  readonly #server: ServerProcess;

  constructor({ programs, user, directory, data, port, config }: PostmasterOptions) {
    this.#data = data;
    const settings = [
      "listen_addresses=127.0.0.1",
      "unix_socket_directories=",
      // A killed process loses nothing that it wrote to the kernel; only a lost machine would need fsync.
      "fsync=off",
      // In the data directory instead of /dev/shm, where a killed server would leave it.
      "dynamic_shared_memory_type=mmap",
      ...config,
    ];
    this.#server = new ServerProcess({
      program: programs.postgres,
      arguments: ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
      logFile: join(directory, "server.log"),
      readyPattern: /database system is ready to accept connections/,
      stopSignal: "SIGINT",
      emergencySignal: "SIGQUIT",
      directory,
      ...(user !== undefined && { user }),
    });
  }

  get pid(): number | undefined {
    return this.#server.pid;
  }

  async start(): Promise<void> {
    await this.#server.start();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    this.#removeSharedMemory();
  }

  /** Kills postmaster and backends alike, as the end of their machine would: a busy backend would live on for a while, and keep the next server from starting. */
  async kill9(): Promise<void> {
    const { pid } = this;
    if (pid === undefined) return;
    const backends = await childrenHeldStill(pid);
    await this.#server.kill9();
    for (const backend of backends) killIfAlive(backend);
    while (backends.some(isAlive)) await delay(POLL_MS);
  }

  /** The segment of 56 bytes that a killed postmaster leaves: named in the seventh line of its pid file. */
  #removeSharedMemory(): void {
    const pidFile = join(this.#data, "postmaster.pid");
    if (!existsSync(pidFile)) return;
    const [, segment] = (readFileSync(pidFile, "utf8").split("\n")[6] ?? "").trim().split(/\s+/);
    if (segment === undefined) return;
    try {
      execFileSync("ipcrm", ["-m", segment], { stdio: "ignore" });
    } catch {
      // Gone already, or a system without ipcrm: then these bytes stay until it restarts.
    }
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It saw its postmaster's end first.
  }
}
