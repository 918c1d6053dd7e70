import { statSync } from "node:fs";
import { silentLogger } from "@chimera/dlq";
import { expect, onTestFinished, test } from "vitest";
import { LocalBackend } from "../../src/local/local-backend.ts";
import type { JobView } from "../../src/protocol.ts";
import { JournalFolders, segmentsIn } from "../support/journal-folder.ts";

const LIMIT = 65_536;
const lease = { max: 250, leaseMs: 30_000 };

function newJournal(): { folders: JournalFolders; directory: string } {
  const folders = new JournalFolders();
  onTestFinished(() => folders[Symbol.dispose]());
  return { folders, directory: folders.fresh() };
}

function open(directory: string): LocalBackend {
  const journal = { directory, durability: "os", compactAtBytes: LIMIT } as const;
  const backend = new LocalBackend("emails", { logger: silentLogger, journal });
  onTestFinished(async () => backend.close());
  return backend;
}

function bytesIn(directory: string): number {
  return segmentsIn(directory).reduce((sum, path) => sum + statSync(path).size, 0);
}

/** Enqueues, settles most and lets the rest wait, so that much is written and little is alive. */
async function work(backend: LocalBackend, round: number): Promise<string[]> {
  const ids = Array.from({ length: 100 }, (_, job) => `round${round}-${job}`);
  await backend.enqueue(ids.map((id) => ({ id, body: "x".repeat(200), priority: "high" as const })));
  const deliveries = await backend.dequeue({ ...lease, max: 100 });
  const [waiting, ...rest] = deliveries;
  if (waiting === undefined) throw new Error("expected deliveries");
  await backend.settle(rest.map(({ receipt }) => ({ receipt, outcome: "done" })));
  await backend.settle([{ receipt: waiting.receipt, outcome: "retry", delayMs: 3_600_000, error: "later" }]);
  return [waiting.job.id];
}

async function delayedJobs(backend: LocalBackend): Promise<JobView[]> {
  const jobs: JobView[] = [];
  let cursor: string | undefined;
  do {
    const page = await backend.admin.browse({ state: "delayed", limit: 250, ...(cursor && { cursor }) });
    jobs.push(...page.jobs);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return jobs;
}

test("a journal comes back to about what is alive, however much has passed through", async () => {
  const { directory } = newJournal();
  const backend = open(directory);
  let round = 0;
  for (; round < 80; round++) await work(backend, round);
  await expect
    .poll(
      async () => {
        await work(backend, round++);
        return bytesIn(directory);
      },
      { timeout: 20_000 },
    )
    .toBeLessThan(LIMIT * 2);
  expect(await backend.metrics()).toMatchObject({
    enqueued: round * 100,
    processed: round * 99,
    delayed: round,
  });
});

test("a kill at any step of a compaction leaves every live job, once, as it was, and nothing that was settled", async () => {
  const { folders, directory } = newJournal();
  const backend = open(directory);
  await backend.enqueue([
    { id: "keyed", body: "", dedupKey: "own", delayMs: 3_600_000 },
    { id: "timed", body: "", dedupKey: "timed", dedupTtlMs: 3_600_000, delayMs: 3_600_000 },
  ]);
  const alive = ["keyed", "timed"];
  let round = 0;
  for (let kills = 0; kills < 20; kills++) {
    // Two segments are there from the start of a compaction to its end.
    do {
      alive.push(...(await work(backend, round++)));
      for (let turn = 0; turn < kills; turn++) await new Promise((resolve) => setImmediate(resolve));
    } while (segmentsIn(directory).length < 2);

    const killed = open(folders.afterKill(directory));
    const jobs = await delayedJobs(killed);
    expect(jobs.map(({ job }) => job.id).toSorted()).toEqual(alive.toSorted());
    expect(jobs.filter(({ failures }) => failures === 1)).toHaveLength(alive.length - 2);
    expect(await killed.metrics()).toMatchObject({ depth: 0, inFlight: 0, delayed: alive.length });
    expect(
      await killed.enqueue([
        { id: "other", body: "", dedupKey: "own" },
        { id: "other", body: "", dedupKey: "timed" },
      ]),
    ).toEqual([
      { status: "duplicate", id: "keyed" },
      { status: "duplicate", id: "timed" },
    ]);
    await killed.close();
  }
});

test("a queue that is opened again and again does not gather files", async () => {
  const { directory } = newJournal();
  for (let opening = 0; opening < 40; opening++) {
    const backend = open(directory);
    await backend.enqueue([{ id: `job${opening}`, body: "" }]);
    await backend.enqueue([{ id: `more${opening}`, body: "" }]);
    await backend.close();
  }
  expect(segmentsIn(directory).length).toBeLessThanOrEqual(20);
  expect(await open(directory).metrics()).toMatchObject({ depth: 80, enqueued: 80 });
});
