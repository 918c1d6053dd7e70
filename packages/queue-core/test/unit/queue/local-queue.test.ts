import { describe, expect, it } from "vitest";
import { LocalQueue } from "../../../src/index.ts";
import { RecordingStore } from "../../support/recording-store.ts";

describe("LocalQueue.fromEnv", () => {
  it("reads its settings, and what is given in code wins", async () => {
    const environment = { CHIMERA_QUEUE_MAX_DEPTH: "2", CHIMERA_QUEUE_MAX_BODY_BYTES: "5" };
    const queue = LocalQueue.fromEnv<string>("jobs", environment, { maxDepth: 1 });
    await queue.enqueue("abc");
    await expect(queue.enqueue("x")).rejects.toMatchObject({ code: "QUEUE_FULL" });
    await expect(queue.enqueue("abcd")).rejects.toMatchObject({ code: "QUEUE_PAYLOAD_TOO_LARGE" });
    expect((await queue.metrics()).durability).toBe("memory");
    await queue.close();
  });

  it("reports everything that is wrong at once, and no value", () => {
    const environment = {
      CHIMERA_QUEUE_DURABILITY: "hunter2",
      CHIMERA_QUEUE_MAX_DEPTH: "none",
      CHIMERA_QUEUE_MAX_BODY_BYTES: "0",
      CHIMERA_QUEUE_COMPACT_AT_BYTES: "1",
    };
    let thrown: unknown;
    try {
      LocalQueue.fromEnv("jobs", environment);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "QUEUE_INVALID", issues: { length: 4 } });
    expect(String(thrown)).not.toContain("hunter2");
  });

  it("wants a folder when other settings of a journal are there", () => {
    expect(() => LocalQueue.fromEnv("jobs", { CHIMERA_QUEUE_DURABILITY: "os" })).toThrow(
      expect.objectContaining({
        issues: ["CHIMERA_QUEUE_JOURNAL_DIR: expected a folder, since settings of a journal are given"],
      }),
    );
  });
});

describe("a local queue's dead letters", () => {
  it("go where the queue says when the worker does not", async () => {
    const store = new RecordingStore();
    const queue = new LocalQueue<string>("jobs", {
      deadLetters: store,
      environment: { NODE_ENV: "production" },
    });
    const worker = queue.process(async () => Promise.reject(new Error("x")), { retry: { maxAttempts: 1 } });
    await queue.enqueue("x");
    await worker.idle();
    expect(store.all).toHaveLength(1);
    await queue.close();
  });

  it("have no default in production: the worker must say", async () => {
    const queue = new LocalQueue<string>("jobs", { environment: { NODE_ENV: "production" } });
    expect(() => queue.process(() => {})).toThrow(expect.objectContaining({ code: "QUEUE_INVALID" }));
    expect(() => queue.processBatch(() => {})).toThrow(expect.objectContaining({ code: "QUEUE_INVALID" }));
    await queue.close();
  });
});
