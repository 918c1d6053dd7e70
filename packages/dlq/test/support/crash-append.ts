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
  const startAppender = async (): Promise<DoomedProcess> =>
    DoomedProcess.start("appender-process", [path, String(options.rotateBytes), acknowledgedPath]);
  const startPurger = async (): Promise<DoomedProcess> => DoomedProcess.start("purger-process", [path]);
  const starts = [
    ...Array.from({ length: options.writers }, () => startAppender),
    ...(options.purging ? [startPurger] : []),
  ];
  const running = await Promise.all(starts.map(async (start) => start()));
  for (let kills = 0; kills < options.kills; kills++) {
    const at = kills % running.length;
    const doomed = running[at];
    const start = starts[at];
    if (doomed === undefined || start === undefined) throw new Error("nobody to kill");
    // Every other writer is given the time for its first letter: the rest die while they open and repair the file.
    const sign = at < options.writers && kills % 2 === 0 ? "acknowledged" : "ready";
    await doomed.saw((line) => line === sign);
    await delay(randomInt(60));
    await doomed.kill();
    running[at] = await start();
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
