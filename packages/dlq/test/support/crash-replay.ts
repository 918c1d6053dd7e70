import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { FileDeadLetterStore } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";
import { DoomedProcess } from "./doomed-process.ts";

/** What a target got from a replay that was killed over and over. */
export interface CrashReplayResult {
  readonly kills: number;
  readonly letters: number;
  /** Letters that the target never got. Must be 0. */
  readonly missing: number;
  /** Letters that a target which refuses known ids got more than once. Must be 0. */
  readonly doubled: number;
  /** Letters still dead at the end. Must be 0. */
  readonly unmarked: number;
}

/** Options of {@link crashReplay}. */
export interface CrashReplayOptions {
  readonly directory: string;
  readonly kills: number;
  readonly letters: number;
  readonly ratePerSecond: number;
}

/** Replays in a process, kills it at random points, starts it again, and looks at what the target got. */
export async function crashReplay(options: CrashReplayOptions): Promise<CrashReplayResult> {
  const path = join(options.directory, "dlq.jsonl");
  const takenPath = join(options.directory, "taken.txt");
  await using store = new FileDeadLetterStore({ path });
  const ids = Array.from({ length: options.letters }, (_, at) => `letter ${at}`);
  await store.append(ids.map((id) => sampleLetter({ id })));
  await writeFile(takenPath, "");
  const start = async (rate: number): Promise<DoomedProcess> =>
    DoomedProcess.start("replayer-process", [path, takenPath, String(rate)]);
  for (let kills = 0; kills < options.kills; kills++) {
    const doomed = await start(options.ratePerSecond);
    await doomed.saw((line) => line.startsWith("progress"));
    await delay(randomInt(150));
    await doomed.kill();
  }
  const last = await start(1_000_000);
  await last.saw((line) => line === "done");
  await last.ended();
  const lines = (await readFile(takenPath, "utf8")).split("\n").slice(0, -1);
  const taken = lines.map((line) => line.split("\t")[1]);
  const distinct = new Set(taken);
  return {
    kills: options.kills,
    letters: ids.length,
    missing: ids.filter((id) => !distinct.has(id)).length,
    doubled: taken.length - distinct.size,
    unmarked: (await store.stats()).count,
  };
}
