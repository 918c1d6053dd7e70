import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { builtProcess } from "../support/built-process.ts";
import { temporaryDirectory } from "../support/disk-directory.ts";

/** What a line of a trace tells about the store at `<directory>/made/store`. */
const EVENTS: readonly (readonly [event: string, call: RegExp])[] = [
  ["make", /openat\(.*\/dlq\.jsonl", .*O_CREAT/],
  ["write", /write\(\d+<.*\/dlq\.jsonl>/],
  ["data", /fdatasync\(\d+<.*\/dlq\.jsonl>/],
  ["rename", /rename\(".*\/dlq\.jsonl", /],
  ["name in made", /fsync\(\d+<.*\/made>/],
  ["name in store", /fsync\(\d+<.*\/store>/],
  ["name above", /fsync\(\d+</],
  ["acknowledged", /write\(1<.*"acknowledged/],
];

/** What a process that appends and rotates asked of the system, in order, or the reason why nobody may watch it. */
async function watchedAppends(directory: string): Promise<string[] | string> {
  const script = await builtProcess("rotator-process");
  const trace = join(directory, "trace.txt");
  const watch = 'exec strace -f -y -qq -e trace=openat,write,fsync,fdatasync,rename -o "$0" "$@"';
  const appends = [process.execPath, script, join(directory, "made", "store", "dlq.jsonl")];
  try {
    execFileSync("sh", ["-c", watch, trace, ...appends], { stdio: "pipe" });
  } catch (error) {
    return `strace is not here, or not allowed: ${String(error).slice(0, 200)}`;
  }
  const lines = (await readFile(trace, "utf8")).split("\n");
  return lines.flatMap((line) => EVENTS.find(([, call]) => call.test(line))?.[0] ?? []);
}

describe("an append", () => {
  it("is on disk before it is acknowledged: its data, and every name that was made or changed", async (context) => {
    await using directory = await temporaryDirectory();
    const events = await watchedAppends(directory.path);
    if (typeof events === "string") return context.skip(events);
    const ofEach = ["make", "name in store", "write", "data", "rename", "name in store", "acknowledged"];
    expect(events).toEqual(["name in made", "name above", ...ofEach, ...ofEach, ...ofEach]);
    return undefined;
  });
});
