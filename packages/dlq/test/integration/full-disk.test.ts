import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileDeadLetterStore, silentLogger } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";
import { builtProcess } from "../support/built-process.ts";
import { temporaryDirectory } from "../support/disk-directory.ts";
import { appendEach, idsOf } from "../support/file-desk.ts";
import { fillUp, type Filled } from "../support/fill-up.ts";

/** Bytes of the full disk that something else holds, so that they can be given free. */
const BALLAST_BYTES = 100_000;

interface SmallDisk extends AsyncDisposable {
  readonly path: string;
}

/** A file system of one mebibyte, or the reason why there can be none. */
async function smallDisk(directory: string): Promise<SmallDisk | string> {
  const path = join(directory, "small");
  await mkdir(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "pipe" });
  } catch {
    return "mounting a small file system is not allowed here; the limit of a file's size stands in for it below";
  }
  return { path, [Symbol.asyncDispose]: async () => void execFileSync("umount", [path]) };
}

describe("a full disk", () => {
  it("refuses letters with DLQ_NO_SPACE, hurts none that is stored, and takes letters again", async (context) => {
    await using directory = await temporaryDirectory();
    const disk = await smallDisk(directory.path);
    if (typeof disk === "string") return context.skip(disk);
    await using mounted = disk;
    const ballast = join(mounted.path, "ballast");
    await writeFile(ballast, Buffer.alloc(BALLAST_BYTES));
    await using store = new FileDeadLetterStore({
      path: join(mounted.path, "dlq.jsonl"),
      logger: silentLogger,
    });
    const { acknowledged, ...refusal } = await fillUp(store);
    expect(refusal).toEqual({ code: "DLQ_NO_SPACE", retryable: true });
    expect(acknowledged.length).toBeGreaterThan(100);
    await expect(store.ping()).rejects.toMatchObject({ code: "DLQ_NO_SPACE" });
    expect(await idsOf(store)).toEqual(acknowledged);
    await rm(ballast);
    await appendEach(store, ["after"]);
    expect(await idsOf(store)).toEqual([...acknowledged, "after"]);
    // The letter that was refused left the part that fitted, closed by a line break.
    expect((await store.stats()).unreadable).toBeLessThanOrEqual(1);
    return undefined;
  });

  it("is the same under a limit of the file's size", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "dlq.jsonl");
    const script = await builtProcess("fill-process");
    const run = 'ulimit -f 1000; exec "$0" "$@"';
    const output = execFileSync("sh", ["-c", run, process.execPath, script, path], { encoding: "utf8" });
    const { acknowledged, ...refusal } = JSON.parse(output) as Filled;
    expect(refusal).toEqual({ code: "DLQ_NO_SPACE", retryable: true });
    await using store = new FileDeadLetterStore({ path, logger: silentLogger });
    expect(await idsOf(store)).toEqual(acknowledged);
    await store.append([sampleLetter({ id: "after" })]);
    expect(await idsOf(store)).toEqual([...acknowledged, "after"]);
  });
});
