// Runs beside a process that started servers and outlives it: when its standard input ends, because that process
// ended in whatever way, it ends and removes what is still noted. Plain JavaScript, so that it starts in 40 ms.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

/** @typedef {{ verb: "keep" | "forget", kind: "process" | "directory" | "container", id: string, signal?: string }} Note */

const PATIENCE_MS = 2_000;

// Whoever ends a whole tree of processes ends this one with them, just when it is needed. It ends by itself.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.on(signal, () => {});

/** @type {Map<string, Note>} */
const left = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const note = /** @type {Note} */ (JSON.parse(line));
  if (note.verb === "keep") left.set(`${note.kind} ${note.id}`, note);
  else left.delete(`${note.kind} ${note.id}`);
}

/** @param {Note["kind"]} kind */
const remaining = (kind) => [...left.values()].filter((note) => note.kind === kind);

const processes = remaining("process");
for (const { id, signal } of processes) attempt(() => process.kill(Number(id), signal));
const deadline = performance.now() + PATIENCE_MS;
while (performance.now() < deadline && processes.some(({ id }) => attempt(() => process.kill(Number(id), 0))))
  await delay(10);
for (const { id } of processes) attempt(() => process.kill(Number(id), "SIGKILL"));
for (const { id } of remaining("container"))
  attempt(() => execFileSync("docker", ["rm", "--force", "--volumes", id], { stdio: "ignore" }));
for (const { id } of remaining("directory"))
  // What a server forked may write for a moment longer, so the first try can find the directory not empty.
  attempt(() => rmSync(id, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));

/**
 * Whether the action went through. If not, the thing is gone already or not ours, and there is nobody left to tell.
 * @param {() => unknown} action
 */
function attempt(action) {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
