import { describe, expect, it } from "vitest";
import { GroupCommit } from "../../src/file/group-commit.ts";
import { DlqError } from "../../src/index.ts";

/** A disk that finishes a write when the test says so. */
class Disk {
  readonly groups: string[] = [];
  #finish: (() => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  write = async (group: Buffer): Promise<void> => {
    this.groups.push(group.toString());
    await new Promise<void>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
  };

  async finish(): Promise<void> {
    await turns();
    this.#finish?.();
    await turns();
  }

  async fail(error: Error): Promise<void> {
    await turns();
    this.#fail?.(error);
    await turns();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("GroupCommit", () => {
  it("writes what is added in one turn of the event loop as one group", async () => {
    const disk = new Disk();
    const commits = new GroupCommit(disk.write);
    const added = Promise.all([commits.add("a"), commits.add("b"), commits.add("c")]);
    await disk.finish();
    await added;
    expect(disk.groups).toEqual(["abc"]);
  });

  it("gathers what is added during a write into the next group", async () => {
    const disk = new Disk();
    const commits = new GroupCommit(disk.write);
    const first = commits.add("a");
    await turns();
    const rest = Promise.all([commits.add("b"), commits.add("c")]);
    await disk.finish();
    await first;
    await disk.finish();
    await rest;
    expect(disk.groups).toEqual(["a", "bc"]);
  });

  it("lets those in who add again as soon as they are answered", async () => {
    const disk = new Disk();
    const commits = new GroupCommit(disk.write);
    const appendTwice = async (text: string): Promise<void> => {
      await commits.add(text);
      await commits.add(text);
    };
    const all = Promise.all(["a", "b", "c"].map(appendTwice));
    await disk.finish();
    await disk.finish();
    await all;
    expect(disk.groups).toEqual(["abc", "abc"]);
  });

  it("fails a group for each of its members, and goes on with the next", async () => {
    const disk = new Disk();
    const commits = new GroupCommit(disk.write);
    const failed = Promise.allSettled([commits.add("a"), commits.add("b")]);
    await disk.fail(new Error("full"));
    expect((await failed).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const next = commits.add("c");
    await disk.finish();
    await expect(next).resolves.toBeUndefined();
  });

  it("cuts groups at four mebibytes, and never a text in two", async () => {
    const disk = new Disk();
    const commits = new GroupCommit(disk.write);
    const large = "x".repeat(5_000_000);
    const added = Promise.all([commits.add("a"), commits.add(large), commits.add("b"), commits.add("c")]);
    for (let group = 0; group < 3; group++) await disk.finish();
    await added;
    expect(disk.groups.map((group) => group.length)).toEqual([1, 5_000_000, 2]);
  });

  it("refuses what is not in a group yet when it is abandoned", async () => {
    const disk = new Disk();
    const commits = new GroupCommit(disk.write);
    const under = commits.add("a");
    await turns();
    const waiting = commits.add("b");
    commits.abandon(new DlqError("DLQ_CLOSED", "closed"));
    await expect(waiting).rejects.toMatchObject({ code: "DLQ_CLOSED" });
    await disk.finish();
    await under;
    await commits.idle();
    expect(disk.groups).toEqual(["a"]);
  });

  it("refuses what is added after it was abandoned", async () => {
    const disk = new Disk();
    const commits = new GroupCommit(disk.write);
    commits.abandon(new DlqError("DLQ_CLOSED", "closed"));
    await expect(commits.add("a")).rejects.toMatchObject({ code: "DLQ_CLOSED" });
    await commits.idle();
    expect(disk.groups).toEqual([]);
  });
});
