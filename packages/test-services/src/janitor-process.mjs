// Runs beside a process that started servers and outlives it: when its standard input ends, because that process
// ended in whatever way, it kills and removes what is still noted. Plain JavaScript, so that it starts in 40 ms.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

/** @type {Map<string, { kind: "process" | "directory" | "container", id: string }>} */
const left = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  /** @type {{ verb: "keep" | "forget", kind: "process" | "directory" | "container", id: string }} */
  const { verb, kind, id } = JSON.parse(line);
  if (verb === "keep") left.set(`${kind} ${id}`, { kind, id });
  else left.delete(`${kind} ${id}`);
}

const remains = [...left.values()];
for (const { id } of remains.filter(({ kind }) => kind === "process"))
  attempt(() => process.kill(Number(id), "SIGKILL"));
for (const { id } of remains.filter(({ kind }) => kind === "container"))
  attempt(() => execFileSync("docker", ["rm", "--force", "--volumes", id], { stdio: "ignore" }));
for (const { id } of remains.filter(({ kind }) => kind === "directory"))
  // The children of a killed Postgres write for a moment longer, so the first try can find the directory not empty.
  attempt(() => rmSync(id, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));

/** @param {() => void} action */
function attempt(action) {
  try {
    action();
  } catch {
    // Gone already, or not ours any more: there is nobody left to tell.
  }
}
