import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 1;

/** The pids of the processes that `parent` started and that still run. */
export function childrenOf(parent: number): number[] {
  return processTable()
    .filter(([, ppid]) => ppid === parent)
    .map(([pid]) => pid);
}

/**
 * Holds a process still, and answers its children once it cannot start another: one that forks all the time would
 * otherwise have a child that nobody has seen. `[]` when the process is gone.
 */
export async function childrenHeldStill(parent: number): Promise<number[]> {
  try {
    process.kill(parent, "SIGSTOP");
  } catch {
    return [];
  }
  while (isAlive(parent) && !isStopped(parent)) await delay(POLL_MS);
  return childrenOf(parent);
}

/** Pid and parent's pid of every process. */
function processTable(): (readonly [number, number])[] {
  if (process.platform !== "linux") {
    const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
    return lines.map((line) => {
      const [pid, ppid] = line.trim().split(/\s+/);
      return [Number(pid), Number(ppid)] as const;
    });
  }
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => [Number(pid), parentOf(pid)] as const);
}

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return 0;
  }
}

function isStopped(pid: number): boolean {
  if (process.platform !== "linux")
    return execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).startsWith("T");
  try {
    return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Whether a process runs. A zombie does not: it only waits to be noticed, though `kill(pid, 0)` calls it alive. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  if (process.platform === "linux") {
    try {
      return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
