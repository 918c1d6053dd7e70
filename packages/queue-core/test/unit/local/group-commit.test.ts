import { expect, test } from "vitest";
import { QueueError } from "../../../src/errors.ts";
import { GroupCommit } from "../../../src/local/journal/group-commit.ts";

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A disk whose syncs end when the test says so. */
class SlowDisk {
  writes = 0;
  readonly syncs: { resolve: () => void; reject: (error: Error) => void }[] = [];
  failWrite: Error | undefined;

  readonly write = (): void => {
    if (this.failWrite !== undefined) throw this.failWrite;
    this.writes++;
  };

  readonly sync = async (): Promise<void> =>
    new Promise((resolve, reject) => {
      this.syncs.push({ resolve, reject });
    });
}

/** Whether a promise has resolved or rejected by the next turn. */
async function outcomeOf(promise: Promise<void>): Promise<string> {
  const outcome = promise.then(
    () => "kept",
    (error: unknown) => (error as QueueError).code,
  );
  return Promise.race([outcome, turn().then(() => "waiting")]);
}

test("calls of one turn share one write", async () => {
  const disk = new SlowDisk();
  const commit = new GroupCommit({ write: disk.write, sync: undefined });
  await Promise.all([commit.durable(), commit.written(), commit.durable()]);
  expect(disk.writes).toBe(1);
  await commit.durable();
  expect(disk.writes).toBe(2);
});

test("what is written while the disk is busy waits for the next sync, all of it for the same one", async () => {
  const disk = new SlowDisk();
  const commit = new GroupCommit(disk);
  const first = commit.durable();
  await turn();
  const second = commit.durable();
  await turn();
  const third = commit.durable();
  await commit.written();
  expect([disk.writes, disk.syncs.length]).toEqual([3, 1]);

  disk.syncs[0]?.resolve();
  expect(await outcomeOf(first)).toBe("kept");
  expect(await outcomeOf(second)).toBe("waiting");
  expect(disk.syncs).toHaveLength(2);
  disk.syncs[1]?.resolve();
  await Promise.all([second, third]);
});

test("a write that fails is told to its group alone, as retryable when the disk is full", async () => {
  const disk = new SlowDisk();
  const commit = new GroupCommit({ write: disk.write, sync: undefined });
  disk.failWrite = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  await expect(commit.durable()).rejects.toMatchObject({
    code: "QUEUE_JOURNAL",
    retryable: true,
    message: "Could not write the journal: no space left on device",
  });
  disk.failWrite = undefined;
  await commit.durable();
});

test("after a sync that failed nothing is answered for any more: pages may have been dropped", async () => {
  const disk = new SlowDisk();
  const commit = new GroupCommit(disk);
  const first = commit.durable();
  await turn();
  disk.syncs[0]?.reject(new Error("input/output error"));
  await expect(first).rejects.toMatchObject({ code: "QUEUE_JOURNAL", retryable: false });
  expect(await outcomeOf(commit.durable())).toBe("QUEUE_JOURNAL");
  expect(commit.failure).toMatchObject({ message: expect.stringContaining("open the queue anew") as string });
  expect(disk.syncs).toHaveLength(1);
});

test("once the lock is lost nothing is written any more", async () => {
  const disk = new SlowDisk();
  const commit = new GroupCommit(disk);
  commit.fail(new QueueError("QUEUE_JOURNAL", "The lock was lost"));
  await expect(commit.written()).rejects.toThrow("The lock was lost");
  expect(disk.writes).toBe(0);
});
