import { execFileSync } from "node:child_process";
import { chmod, mkdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileDeadLetterStore, silentLogger } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";
import { temporaryDirectory } from "../support/disk-directory.ts";

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

async function refusal(path: string): Promise<unknown> {
  await using store = new FileDeadLetterStore({ path, logger: silentLogger });
  return await store.append([sampleLetter()]).catch((error: unknown) => error);
}

/** Runs as a user without rights; who runs the tests as such a user needs no change. */
async function asNobody<Result>(work: () => Promise<Result>): Promise<Result> {
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe("where letters may not be kept", () => {
  it("makes the file for its owner alone, in a directory for its owner alone", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "made", "here", "dlq.jsonl");
    await refusal(path);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe("600");
    expect(((await stat(join(directory.path, "made"))).mode & 0o777).toString(8)).toBe("700");
  });

  it("refuses a symlink, wherever it leads", async () => {
    await using directory = await temporaryDirectory();
    const [real, link] = [join(directory.path, "real"), join(directory.path, "link")];
    await writeFile(real, "");
    await symlink(real, link);
    expect(await refusal(link)).toMatchObject({ code: "DLQ_NOT_WRITABLE", retryable: false });
    expect((await stat(real)).size).toBe(0);
  });

  it("refuses what is no regular file", async () => {
    await using directory = await temporaryDirectory();
    const pipe = join(directory.path, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(await refusal(directory.path)).toMatchObject({ code: "DLQ_NOT_WRITABLE" });
    expect(await refusal(pipe)).toMatchObject({ code: "DLQ_NOT_WRITABLE" });
  });

  it("says that the directory cannot be made", async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, "file"), "");
    expect(await refusal(join(directory.path, "file", "dlq.jsonl"))).toMatchObject({
      code: "DLQ_NO_DIRECTORY",
    });
  });

  it("says that it has no right to write", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "closed", "dlq.jsonl");
    await chmod(directory.path, 0o755);
    await mkdir(join(directory.path, "closed"), { mode: 0o555 });
    expect(await asNobody(async () => refusal(path))).toMatchObject({ code: "DLQ_NOT_WRITABLE" });
    expect(
      await asNobody(async () => refusal(join(directory.path, "closed", "sub", "dlq.jsonl"))),
    ).toMatchObject({
      code: "DLQ_NO_DIRECTORY",
    });
  });

  it("warns of a file that others may read, and keeps its mode", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "dlq.jsonl");
    await writeFile(path, "");
    await chmod(path, 0o644);
    const warnings: string[] = [];
    await using store = new FileDeadLetterStore({
      path,
      logger: { ...silentLogger, warn: (event) => void warnings.push(event) },
    });
    await store.ping();
    expect(warnings).toEqual(["dlq.file_open_to_others"]);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe("644");
  });

  it("lets ping say beforehand what append would say", async () => {
    await using directory = await temporaryDirectory();
    await using store = new FileDeadLetterStore({ path: directory.path });
    await expect(store.ping()).rejects.toMatchObject({ code: "DLQ_NOT_WRITABLE" });
  });

  it("lets ping make a directory anew that was removed, as append would", async () => {
    await using directory = await temporaryDirectory();
    const parent = join(directory.path, "made");
    await using store = new FileDeadLetterStore({ path: join(parent, "dlq.jsonl") });
    await store.append([sampleLetter()]);
    await rm(parent, { recursive: true });
    await store.ping();
    await rm(parent, { recursive: true });
    await writeFile(parent, "");
    await expect(store.ping()).rejects.toMatchObject({ code: "DLQ_NO_DIRECTORY" });
  });

  it("lets ping refuse a symlink that took the place of the file", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "dlq.jsonl");
    await using store = new FileDeadLetterStore({ path });
    await store.append([sampleLetter()]);
    await rm(path);
    await symlink(join(directory.path, "nowhere"), path);
    await expect(store.ping()).rejects.toMatchObject({ code: "DLQ_NO_DIRECTORY" });
  });
});
