import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { FileDeadLetterStore } from "../../src/index.ts";
import { rotatedSegments } from "../../src/file/segments.ts";
import { DoomedProcess } from "./doomed-process.ts";

/** What is left after processes were killed while they appended. */
export interface CrashAppendResult {
  readonly kills: number;
  readonly acknowledged: number;
  /** Acknowledged letters that cannot be read any more. Must be 0. */
  readonly lost: number;
  /** Lines that nobody acknowledged and that a kill tore. */
  readonly unreadable: number;
  readonly letters: number;
  readonly files: number;
}

/** Options of {@link crashAppend}. */
export interface CrashAppendOptions {
  readonly directory: string;
  readonly writers: number;
  readonly kills: number;
  readonly rotateBytes: number;
  /** Whether a further process purges all the while, and is killed as well. */
  readonly purging: boolean;
}

/** Lets processes append to one file, kills them over and over, and looks for every letter that was acknowledged. */
export async function crashAppend(options: CrashAppendOptions): Promise<CrashAppendResult> {
  const path = join(options.directory, "dlq.jsonl");
  const acknowledgedPath = join(options.directory, "acknowledged.txt");
  const startAppender = (): DoomedProcess =>
    new DoomedProcess("appender-process.ts", [path, String(options.rotateBytes), acknowledgedPath]);
  const startPurger = (): DoomedProcess => new DoomedProcess("purger-process.ts", [path]);
  const starts = [
    ...Array.from({ length: options.writers }, () => startAppender),
    ...(options.purging ? [startPurger] : []),
  ];
  const running = starts.map((start) => start());
  for (let kills = 0; kills < options.kills; kills++) {
    const at = kills % running.length;
    const doomed = running[at];
    const start = starts[at];
    if (doomed === undefined || start === undefined) throw new Error("nobody to kill");
    await doomed.saw((line) => line === "ready");
    await delay(randomInt(60));
    await doomed.kill();
    running[at] = start();
  }
  await Promise.all(running.map(async (last) => last.kill()));
  const acknowledged = (await readFile(acknowledgedPath, "utf8")).split("\n").slice(0, -1);
  return { kills: options.kills, acknowledged: acknowledged.length, ...(await look(path, acknowledged)) };
}

async function look(
  path: string,
  acknowledged: readonly string[],
): Promise<Pick<CrashAppendResult, "lost" | "unreadable" | "letters" | "files">> {
  await using store = new FileDeadLetterStore({ path });
  const ids = new Set<string>();
  for await (const { letter } of store.list()) ids.add(letter.id);
  const { unreadable, count } = await store.stats();

  return {
    lost: acknowledged.filter((id) => !ids.has(id)).length,
    unreadable,
    letters: count,
    files: (await rotatedSegments(path)).length + 1,
  };
}
