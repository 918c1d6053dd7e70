import { debianProgram } from "@chimera/test-services";
import { execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A PgBouncer in transaction mode before a server. */
export interface PgBouncer extends AsyncDisposable {
  readonly url: string;
}

/** Why there is none on this machine, or `undefined` when there is one; root on Debian gets it installed. */
export async function pgBouncerMissing(): Promise<string | undefined> {
  const program = await debianProgram(["pgbouncer"], "pgbouncer");
  return program === undefined
    ? "no program `pgbouncer` on PATH (Debian: apt-get install pgbouncer)"
    : undefined;
}

/** Starts one with four connections to the server behind `url`. */
export async function startPgBouncer(url: string): Promise<PgBouncer> {
  const { hostname, port, username, password } = new URL(url);
  const listenPort = await freePort();
  const directory = mkdtempSync(join(tmpdir(), "chimera-pgbouncer-"));
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const users = file("users.txt", `"${username}" "${password}"\n`);
  const config = file(
    "pgbouncer.ini",
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = 4
server_login_retry = 0.2
`,
  );
  // PgBouncer refuses to be root.
  const uid = process.getuid?.() === 0 ? Number(execFileSync("id", ["-u", "nobody"])) : undefined;
  if (uid !== undefined) for (const path of [directory, users, config]) chownSync(path, uid, uid);
  const bouncer = spawn("pgbouncer", [config], {
    stdio: ["ignore", "ignore", "pipe"],
    ...(uid !== undefined && { uid }),
  });
  const gone = new Promise<void>((resolve) => bouncer.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let log = "";
    bouncer.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("process up")) resolve();
    });
    bouncer.once("error", reject);
    bouncer.once("exit", () => reject(new Error(`pgbouncer ended: ${log}`)));
  });
  const bounced = new URL(url);
  bounced.port = String(listenPort);
  return {
    url: bounced.href,
    async [Symbol.asyncDispose]() {
      bouncer.kill("SIGKILL");
      await gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
