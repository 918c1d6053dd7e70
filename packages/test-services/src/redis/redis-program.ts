import { spawn } from "node:child_process";
import { once } from "node:events";

import { programOnPath } from "../program-on-path.ts";

const PROGRAMS = ["redis-server", "valkey-server"];

/**
 * The path of a Redis or Valkey server: on the PATH, or installed now where this process is root on Debian or
 * Ubuntu, said on standard error. `undefined` when neither is to be had.
 */
export async function redisProgram(): Promise<string | undefined> {
  const found = programOnPath(PROGRAMS);
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || programOnPath(["apt-get"]) === undefined) return undefined;
  process.stderr.write("test-services: no redis-server on the PATH, installing it once with apt-get\n");
  await installWithApt();
  return programOnPath(PROGRAMS);
}

/** Several packages' tests may come here at once: one installs under the lock, the others wait and find it there. */
async function installWithApt(): Promise<void> {
  const install = "apt-get install -y --no-install-recommends redis-server";
  const script = `command -v redis-server || ${install} || { apt-get update && ${install}; }`;
  // `flock` takes a directory too, so no lock file is left; RUNLEVEL=1 keeps the package from starting a daemon.
  const installer = spawn("flock", ["/var/lib/apt", "sh", "-c", script], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdio: "ignore",
  });
  await once(installer, "exit");
}
