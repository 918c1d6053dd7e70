import { randomBytes } from "node:crypto";
import { open, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { WindowReader } from "../../src/file/window-reader.ts";
import { systemClock, type Clock } from "../../src/index.ts";
import { temporaryDirectory } from "../support/disk-directory.ts";

const READS = 64;
const READ_BYTES = 100;
const content = randomBytes(READS * READ_BYTES);

/** Whether each read of a whole file was made on the spot, under a clock; checks that they gave the file's bytes. */
async function readsOnTheSpot(clock: Clock): Promise<boolean[]> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "file");
  await writeFile(path, content);
  await using handle = await open(path);
  const reader = new WindowReader({ path, handle, size: content.length }, clock);
  const onTheSpot: boolean[] = [];
  for (let at = 0; at < content.length; at += READ_BYTES) {
    const read = reader.read(at, READ_BYTES);
    onTheSpot.push(!(read instanceof Promise));
    expect(await read).toEqual(content.subarray(at, at + READ_BYTES));
  }
  return onTheSpot;
}

/** A clock on which a read takes so many milliseconds. */
function readsTake(ms: number): Clock {
  let now = 0;
  return { ...systemClock, monotonic: () => (now += ms) };
}

describe("WindowReader", () => {
  it("reads on the spot what memory serves, and lets the event loop in every sixteen reads", async () => {
    const onTheSpot = await readsOnTheSpot(readsTake(0.1));
    const elsewhere = [...onTheSpot.entries()].filter(([, isOnTheSpot]) => !isOnTheSpot).map(([at]) => at);
    expect(elsewhere).toEqual([16, 33, 50]);
  });

  it("leaves the reads after a slow one to another thread for a while", async () => {
    const onTheSpot = await readsOnTheSpot(readsTake(2));
    expect(onTheSpot.filter(Boolean).length).toBeLessThanOrEqual(READS / 16);
  });

  it("says so when another program cuts the file short, whoever reads", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "file");
    await writeFile(path, content);
    await using handle = await open(path);
    const reader = new WindowReader({ path, handle, size: content.length }, readsTake(2));
    await truncate(path, READ_BYTES);
    const read = async (): Promise<Buffer> => reader.read(READ_BYTES, READ_BYTES);
    await reader.read(0, READ_BYTES);
    await expect(read()).rejects.toMatchObject({ code: "DLQ_UNAVAILABLE", retryable: true });
    const fast = new WindowReader({ path, handle, size: content.length }, readsTake(0));
    await expect((async () => fast.read(READ_BYTES, READ_BYTES))()).rejects.toMatchObject({
      code: "DLQ_UNAVAILABLE",
    });
  });

  it("keeps the error of a read ahead for whoever asks for its bytes, however late", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "file");
    await writeFile(path, content);
    await using handle = await open(path);
    const reader = new WindowReader({ path, handle, size: content.length }, readsTake(2));
    await reader.read(0, READ_BYTES);
    await truncate(path, READ_BYTES);
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const ahead = reader.read(READ_BYTES, READ_BYTES);
    // Not by a handler of its own: that it has none is what this is about.
    while (inspect(ahead).includes("<pending>")) await turn();
    await turn();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    await expect(ahead).rejects.toMatchObject({ code: "DLQ_UNAVAILABLE" });
  });
});
