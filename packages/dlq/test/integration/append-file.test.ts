import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AppendFile } from "../../src/file/append-file.ts";
import { silentLogger } from "../../src/index.ts";
import { temporaryDirectory } from "../support/disk-directory.ts";
import { tellsOpenFiles, timesOpen } from "../support/open-files.ts";

const GROUP = Buffer.from("a line\n");

describe.skipIf(!tellsOpenFiles)("an append file", () => {
  it("is opened once, however many calls need it at the same time", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "dlq.jsonl");
    const file = new AppendFile(path, silentLogger);
    await Promise.all([file.open(), file.append(GROUP), file.assertWritable()]);
    expect(timesOpen(path)).toBe(1);
    await file.close();
    expect(timesOpen(path)).toBe(0);
  });

  it("is closed also when it was being opened just then", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "dlq.jsonl");
    const file = new AppendFile(path, silentLogger);
    const opening = file.open();
    await file.close();
    await opening;
    expect(timesOpen(path)).toBe(0);
  });

  it("is opened by the next call that needs it when it could not be before", async () => {
    await using directory = await temporaryDirectory();
    const inTheWay = join(directory.path, "made");
    await writeFile(inTheWay, "");
    const path = join(inTheWay, "dlq.jsonl");
    const file = new AppendFile(path, silentLogger);
    const refused = [file.open(), file.append(GROUP)].map(async (call) =>
      expect(call).rejects.toMatchObject({ code: "DLQ_NO_DIRECTORY" }),
    );
    await Promise.all(refused);
    await rm(inTheWay);
    await file.append(GROUP);
    expect(timesOpen(path)).toBe(1);
    await file.close();
  });
});
