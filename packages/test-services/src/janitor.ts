import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a janitor can clear away: a process by pid, a directory by path, a Docker container by name. */
export type Remains = "process" | "directory" | "container";

const SCRIPT = fileURLToPath(new URL("janitor-process.mjs", import.meta.url));

let running: ChildProcess | undefined;

/**
 * Notes something that must not outlive this process. Should this process end before {@link forget}, by exit,
 * crash or SIGKILL, a small process of ours ends or removes it: a process with `signal`, and with SIGKILL when
 * that has not ended it within 2 s.
 */
export function keepAnEyeOn(kind: Remains, id: string, signal: NodeJS.Signals = "SIGKILL"): void {
  tell({ verb: "keep", kind, id, signal });
}

/** Takes back a {@link keepAnEyeOn}, once the thing is gone. */
export function forget(kind: Remains, id: string): void {
  tell({ verb: "forget", kind, id });
}

/** One line to the janitor; it must have left this process before what it names exists for long, and a pipe's write does so at once. */
function tell(note: {
  readonly verb: "keep" | "forget";
  readonly kind: Remains;
  readonly id: string;
  readonly signal?: NodeJS.Signals;
}): void {
  running ??= startJanitor();
  running.stdin?.write(`${JSON.stringify(note)}\n`);
}

function startJanitor(): ChildProcess {
  // `detached` gives it a session of its own, so that Ctrl-C in the terminal does not reach it.
  const janitor = spawn(process.execPath, [SCRIPT], {
    detached: true,
    env: { PATH: process.env["PATH"] },
    stdio: ["pipe", "ignore", "ignore"],
  });
  janitor.unref();
  // The pipe is a socket; it must not keep this process alive. Its end is the janitor's signal.
  (janitor.stdin as unknown as { unref(): void }).unref();
  janitor.stdin.on("error", () => {});
  return janitor;
}
