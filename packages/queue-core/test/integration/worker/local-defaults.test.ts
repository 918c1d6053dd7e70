import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileDeadLetterStore, silentLogger } from "@chimera/dlq";
import {
  LocalBackend,
  localCandidate,
  LocalQueue,
  openQueue,
  Queue,
  type QueueCandidate,
} from "../../../src/index.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-local-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("in development", () => {
  it("a local queue's dead letters go to a file, which it tells of", async () => {
    const path = join(folder, "dlq.jsonl");
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (event: string) => void warnings.push(event) };
    const queue = new LocalQueue<string>("jobs", { environment: { CHIMERA_DLQ_PATH: path }, logger });
    const worker = queue.process(async () => Promise.reject(new Error("a bug")), {
      retry: { maxAttempts: 1 },
    });
    await queue.enqueue("x");
    await worker.idle();
    await queue.close();
    await using store = new FileDeadLetterStore({ path });
    expect(await store.stats()).toMatchObject({ count: 1, byReason: { exhausted: 1 } });
    expect(warnings).toEqual(["queue.default_dead_letters"]);
  });

  it("settings name a folder for journals, and a queue made from them comes back with its jobs", async () => {
    const environment = { CHIMERA_QUEUE_JOURNAL_DIR: folder, CHIMERA_QUEUE_DURABILITY: "os" };
    const first = LocalQueue.fromEnv<string>("jobs", environment);
    await first.enqueue("kept");
    expect((await first.metrics()).durability).toBe("os");
    await first.close();
    expect(existsSync(join(folder, "jobs.journal"))).toBe(true);
    await using second = LocalQueue.fromEnv<string>("jobs", environment);
    expect(await second.dequeue()).toMatchObject([{ payload: "kept" }]);
  });
});

it("jobs that a fallback kept on disk come home when the queue next opens where it belongs", async () => {
  const journal = { directory: join(folder, "jobs.journal"), durability: "os" } as const;
  const local = localCandidate<string>("jobs", { journal });
  const server = new LocalBackend("jobs");
  const shared: QueueCandidate<Queue<string>> = { name: "shared", open: () => new Queue<string>(server) };
  const away: QueueCandidate<Queue<string>> = {
    name: "shared",
    open: () => {
      const backend = new LocalBackend("jobs");
      backend.ping = async () => Promise.reject(new Error("ECONNREFUSED"));
      return new Queue<string>(backend);
    },
  };
  const options = { environment: {}, logger: silentLogger };

  const fallback = await openQueue<Queue<string>>("jobs", [away, local], options);
  expect(fallback).toMatchObject({ candidate: "local", fellBack: true });
  const ids = [
    await fallback.queue.enqueue("now"),
    await fallback.queue.enqueue("later", { delayMs: 3_600_000 }),
  ];
  await fallback.queue.close();

  const home = await openQueue<Queue<string>>("jobs", [shared, local], options);
  expect(home).toMatchObject({
    candidate: "shared",
    fellBack: false,
    drained: { moved: 2, duplicates: 0, left: 0 },
  });
  expect(await server.metrics()).toMatchObject({ depth: 1, delayed: 1 });
  expect(await Promise.all(ids.map(async (id) => (await server.admin.get(id))?.job.body))).toEqual([
    '"now"',
    '"later"',
  ]);

  const again = await openQueue<Queue<string>>("jobs", [shared, local], options);
  expect(again.drained).toBeUndefined();
  await home.queue.close();
});
