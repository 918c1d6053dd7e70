import { spawn } from "node:child_process";
import { once } from "node:events";

import { programOnPath } from "./program-on-path.ts";

/**
 * The full path of the first of `names` that is on the PATH; where none is, and this process is root on Debian or
 * Ubuntu, after `apt-get install debianPackage`, said on standard error. `undefined` when it is not to be had.
 *
 * Several processes may ask at once: one installs under a lock, the others wait and find it there. A package's daemon
 * is not started.
 */
export async function debianProgram(
  names: readonly string[],
  debianPackage: string,
): Promise<string | undefined> {
  const found = programOnPath(names);
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || programOnPath(["apt-get"]) === undefined) return undefined;
  process.stderr.write(
    `test-services: no ${names.join(" or ")} on the PATH, installing it once with apt-get\n`,
  );
  await install(names, debianPackage);
  return programOnPath(names);
}

async function install(names: readonly string[], debianPackage: string): Promise<void> {
  const there = names.map((name) => `command -v ${name}`).join(" || ");
  const aptGet = `apt-get install -y --no-install-recommends ${debianPackage}`;
  const script = `${there} || ${aptGet} || { apt-get update && ${aptGet}; }`;
  // `flock` takes a directory too, so no lock file is left; RUNLEVEL=1 keeps the package from starting a daemon.
  const installer = spawn("flock", ["/var/lib/apt", "sh", "-c", script], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdio: "ignore",
  });
  await once(installer, "exit");
}
