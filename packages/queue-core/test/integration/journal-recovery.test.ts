import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { silentLogger, type Logger } from "@chimera/dlq";
import { expect, onTestFinished, test } from "vitest";
import { LocalBackend } from "../../src/local/local-backend.ts";
import type { JournalOptions } from "../../src/local/journal/journal-options.ts";
import { JournalFolders, segmentsIn } from "../support/journal-folder.ts";

const lease = { max: 250, leaseMs: 30_000 };

function newFolders(): JournalFolders {
  const folders = new JournalFolders();
  onTestFinished(() => folders[Symbol.dispose]());
  return folders;
}

function open(
  directory: string,
  options: Partial<JournalOptions> & { name?: string; logger?: Logger } = {},
): LocalBackend {
  const { name = "emails", logger = silentLogger, ...journal } = options;
  const backend = new LocalBackend(name, { logger, journal: { directory, durability: "os", ...journal } });
  onTestFinished(async () => backend.close());
  return backend;
}

async function idsIn(backend: LocalBackend): Promise<string[]> {
  return (await backend.dequeue(lease)).map(({ job }) => job.id);
}

test("a journal that is cut off at any byte holds the first jobs and no part of another", async () => {
  const folders = newFolders();
  const directory = folders.fresh();
  const backend = open(directory);
  for (let job = 0; job < 12; job++) await backend.enqueue([{ id: `job${job}`, body: `body ${job}` }]);
  await backend.close();
  const [whole = ""] = segmentsIn(directory);
  const { size } = statSync(whole);

  const counts: number[] = [];
  for (const bytes of [...Array(Math.floor(size / 17)).keys()].map((step) => step * 17).concat(size)) {
    const cut = folders.fresh();
    mkdirSync(cut);
    copyFileSync(whole, join(cut, basename(whole)));
    truncateSync(join(cut, basename(whole)), bytes);
    const reopened = open(cut);
    const ids = await idsIn(reopened);
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, job) => `job${job}`));
    counts.push(ids.length);
    await reopened.close();
  }
  expect(counts).toEqual(counts.toSorted((left, right) => left - right));
  expect([counts[0], counts.at(-1)]).toEqual([0, 12]);
});

test("what a torn end cost is told, and the queue goes on behind it", async () => {
  const folders = newFolders();
  const directory = folders.fresh();
  const before = open(directory);
  await before.enqueue([{ id: "a", body: "" }]);
  await before.close();
  appendFileSync(segmentsIn(directory)[0] ?? "", "torn");

  const told: unknown[] = [];
  const logger = { ...silentLogger, warn: (event: string, fields: unknown) => told.push([event, fields]) };
  const after = open(directory, { logger });
  await after.enqueue([{ id: "b", body: "" }]);
  expect(told).toEqual([["queue.journal.cut_off", expect.objectContaining({ bytes: 4, reason: "torn" })]]);
  await after.close();
  expect(await idsIn(open(directory))).toEqual(["a", "b"]);
});

test("whole frames that are not what was written are kept aside, never thrown away", async () => {
  const folders = newFolders();
  const directory = folders.fresh();
  const before = open(directory);
  for (const id of ["a", "b"]) await before.enqueue([{ id, body: "" }]);
  await before.close();
  const [path = ""] = segmentsIn(directory);
  const file = readFileSync(path);
  file[file.length - 1] = 0xff;
  writeFileSync(path, file);

  expect(await idsIn(open(directory))).toEqual(["a"]);
  const kept = readdirSync(directory).find((name) => name.includes(".damaged-at-")) ?? "";
  expect(readFileSync(join(directory, kept)).equals(file.subarray(Number(kept.split("-").at(-1))))).toBe(
    true,
  );
});

test("a damaged segment that later ones build on is an error that names file and byte", async () => {
  const folders = newFolders();
  const directory = folders.fresh();
  for (const id of ["a", "b", "c"]) {
    const backend = open(directory);
    await backend.enqueue([{ id, body: "" }]);
    await backend.close();
  }
  const [oldest = ""] = segmentsIn(directory);
  const file = readFileSync(oldest);
  file[file.length - 1] = 0xff;
  writeFileSync(oldest, file);
  await expect(open(directory).ping()).rejects.toMatchObject({
    code: "QUEUE_JOURNAL",
    retryable: false,
    message: expect.stringMatching(/0000000001\.journal is damaged at byte \d+/) as string,
  });
});

test("the journal of another queue, or of a newer release, is left alone", async () => {
  const folders = newFolders();
  const directory = folders.fresh();
  const emails = open(directory);
  await emails.enqueue([{ id: "a", body: "" }]);
  await emails.close();
  await expect(open(directory, { name: "orders" }).ping()).rejects.toMatchObject({
    code: "QUEUE_JOURNAL",
    message: expect.stringContaining("is the journal of the queue `emails`") as string,
  });
  expect(await idsIn(open(directory))).toEqual(["a"]);
});

test("a journal is open once at a time: a second backend is refused at once and may try again later", async () => {
  const folders = newFolders();
  const directory = folders.fresh();
  const first = open(directory);
  await first.ping();
  const second = open(directory);
  await expect(second.ping()).rejects.toMatchObject({ code: "QUEUE_JOURNAL", retryable: true });
  await first.close();
  await second.ping();
});

test("the constructor touches no disk, and a folder that cannot be made is an error of the first call", async () => {
  const folders = newFolders();
  const file = folders.fresh();
  writeFileSync(file, "a file, not a folder");
  const backend = open(join(file, "journal"));
  await expect(backend.enqueue([{ id: "a", body: "" }])).rejects.toMatchObject({ code: "QUEUE_JOURNAL" });
});

test("bad journal options are refused together", () => {
  expect(() => open("", { durability: "maybe" as "os", compactAtBytes: 1 })).toThrow(
    expect.objectContaining({
      code: "QUEUE_INVALID",
      issues: [
        "Expected `journal.directory` to be the path of a folder",
        'Expected `journal.durability` to be one of "fsync", "os", got `maybe` (string)',
        "Expected `journal.compactAtBytes` to be an integer from 65_536 to 1_099_511_627_776, got `1`",
      ],
    }),
  );
});

test("the journal says in the metrics what an answer survives", async () => {
  const folders = newFolders();
  for (const durability of ["os", "fsync"] as const) {
    expect(await open(folders.fresh(), { durability }).metrics()).toMatchObject({ durability });
  }
});

test("counters, a pause and the times of delayed jobs are there after a restart", async () => {
  const folders = newFolders();
  const directory = folders.fresh();
  const before = open(directory);
  await before.enqueue([
    { id: "a", body: "" },
    { id: "later", body: "", delayMs: 3_600_000 },
  ]);
  const [delivery] = await before.dequeue(lease);
  if (delivery !== undefined)
    await before.settle([{ receipt: delivery.receipt, outcome: "done", durationMs: 1 }]);
  await before.admin.pause();
  const view = await before.admin.get("later");
  const after = open(folders.afterKill(directory));
  expect(await after.metrics()).toMatchObject({ enqueued: 2, processed: 1, delayed: 1, paused: true });
  expect(await after.admin.get("later")).toEqual(view);
});

test("jobs that were handed back to the head stand there in the same order after a restart", async () => {
  const folders = newFolders();
  const directory = folders.fresh();
  const before = open(directory);
  await before.enqueue(["a", "b", "c", "d"].map((id) => ({ id, body: "" })));
  const deliveries = await before.dequeue({ max: 3, leaseMs: 30_000 });
  await before.settle(deliveries.map(({ receipt }) => ({ receipt, outcome: "release" })));
  const after = open(folders.afterKill(directory));
  await after.enqueue([{ id: "e", body: "" }]);
  expect(await idsIn(after)).toEqual(["c", "b", "a", "d", "e"]);
});
