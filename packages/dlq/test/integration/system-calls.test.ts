import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileDeadLetterStore } from "../../src/index.ts";
import { builtProcess } from "../support/built-process.ts";
import { temporaryDirectory } from "../support/disk-directory.ts";
import { appendEach } from "../support/file-desk.ts";

/** What a line of a trace tells. */
type Events = readonly (readonly [event: string, call: RegExp])[];

/** Of a store at `<directory>/made/store` that is appended to. */
const APPEND_EVENTS: Events = [
  ["make", /openat\(.*\/dlq\.jsonl", .*O_CREAT/],
  ["write", /write\(\d+<.*\/dlq\.jsonl>/],
  ["data", /fdatasync\(\d+<.*\/dlq\.jsonl>/],
  ["rename", /rename\(".*\/dlq\.jsonl", /],
  ["name in made", /fsync\(\d+<.*\/made>/],
  ["name in store", /fsync\(\d+<.*\/store>/],
  ["name above", /fsync\(\d+</],
  ["acknowledged", /write\(1<.*"acknowledged/],
];

/** Of a store at `<directory>/store` that is replayed. */
const REPLAY_EVENTS: Events = [
  ["note", /rename\(.*, "[^"]*\/dlq\.jsonl\.replay\.json"/],
  ["no note", /unlink\("[^"]*\/dlq\.jsonl\.replay\.json"/],
  ["name in store", /fsync\(\d+<.*\/store>/],
  ["done", /write\(1<.*"done/],
];

/** What a process asked of the system, in order, or the reason why nobody may watch it. */
async function watched(
  directory: string,
  [name, ...args]: readonly [name: string, ...args: string[]],
  events: Events,
): Promise<string[] | string> {
  const script = await builtProcess(name);
  const trace = join(directory, "trace.txt");
  const calls = "openat,write,fsync,fdatasync,rename,unlink";
  const watch = `exec strace -f -y -qq -e trace=${calls} -o "$0" "$@"`;
  try {
    execFileSync("sh", ["-c", watch, trace, process.execPath, script, ...args], { stdio: "pipe" });
  } catch (error) {
    return `strace is not here, or not allowed: ${String(error).slice(0, 200)}`;
  }
  const lines = (await readFile(trace, "utf8")).split("\n");
  return lines.flatMap((line) => events.find(([, call]) => call.test(line))?.[0] ?? []);
}

describe("an append", () => {
  it("is on disk before it is acknowledged: its data, and every name that was made or changed", async (context) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "made", "store", "dlq.jsonl");
    const events = await watched(directory.path, ["rotator-process", path], APPEND_EVENTS);
    if (typeof events === "string") return context.skip(events);
    const ofEach = ["make", "name in store", "write", "data", "rename", "name in store", "acknowledged"];
    expect(events).toEqual(["name in made", "name above", ...ofEach, ...ofEach, ...ofEach]);
    return undefined;
  });
});

describe("a replay", () => {
  it("has its note, and the end of it, on disk before it goes on", async (context) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "store", "dlq.jsonl");
    const taken = join(directory.path, "taken");
    await writeFile(taken, "");
    await using store = new FileDeadLetterStore({ path });
    await appendEach(store, ["a"]);
    const events = await watched(directory.path, ["replayer-process", path, taken, "1000"], REPLAY_EVENTS);
    if (typeof events === "string") return context.skip(events);
    expect(events).toEqual(["note", "name in store", "no note", "name in store", "done"]);
    return undefined;
  });
});
