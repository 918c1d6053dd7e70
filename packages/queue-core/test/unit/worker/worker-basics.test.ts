import { afterEach, describe, expect, it } from "vitest";
import { LocalQueue, RetryAfter, Unrecoverable } from "../../../src/index.ts";
import { RecordingStore } from "../../support/recording-store.ts";

const queues: AsyncDisposable[] = [];

function open<T>(name: string): { queue: LocalQueue<T>; store: RecordingStore } {
  const queue = new LocalQueue<T>(name);
  queues.push(queue);
  return { queue, store: new RecordingStore() };
}

afterEach(async () => {
  await Promise.all(queues.splice(0).map(async (queue) => queue[Symbol.asyncDispose]()));
});

describe("a worker", () => {
  it("runs every job once and settles it", async () => {
    const { queue, store } = open<{ n: number }>("basics");
    const seen: number[] = [];
    const worker = queue.process(async ({ n }) => void seen.push(n), { deadLetters: store, concurrency: 10 });
    await Promise.all(Array.from({ length: 5_000 }, async (_, n) => queue.enqueue({ n })));
    await worker.idle();
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
    expect(await queue.metrics()).toMatchObject({ enqueued: 5_000, processed: 5_000, depth: 0, inFlight: 0 });
  });

  it("tries a failing job maxAttempts times, then stores one letter with its history", async () => {
    const { queue, store } = open<string>("failing");
    let attempts = 0;
    const worker = queue.process(
      () => {
        throw new Error(`no ${++attempts}`);
      },
      { deadLetters: store, retry: { maxAttempts: 3, baseDelayMs: 1, jitter: "none" } },
    );
    const id = await queue.enqueue("payload");
    await new Promise<void>((resolve) => worker.on("deadLettered", () => resolve()));
    expect(attempts).toBe(3);
    expect(store.all).toMatchObject([
      {
        reason: "exhausted",
        attempts: 3,
        message: "no 3",
        payload: '"payload"',
        source: "queue:failing",
        replays: 0,
      },
    ]);
    expect(store.all[0]?.id).toContain(id);
    expect(store.all[0]?.errors.map(({ message }) => message)).toEqual(["no 1", "no 2", "no 3"]);
  });

  it("sends what a handler calls unrecoverable straight to the dead letters", async () => {
    const { queue, store } = open<string>("unrecoverable");
    const worker = queue.process(
      async () => {
        throw new Unrecoverable("never");
      },
      { deadLetters: store },
    );
    await queue.enqueue("x");
    await new Promise<void>((resolve) => worker.on("deadLettered", () => resolve()));
    expect(store.all).toMatchObject([{ reason: "unrecoverable", attempts: 1, code: "JOB_UNRECOVERABLE" }]);
  });

  it("waits as long as RetryAfter says", async () => {
    const { queue, store } = open<string>("retry-after");
    let runs = 0;
    const worker = queue.process(
      () => {
        if (++runs === 1) throw new RetryAfter(30);
      },
      { deadLetters: store },
    );
    const delays: number[] = [];
    worker.on("retrying", ({ delayMs }) => delays.push(delayMs));
    await queue.enqueue("x");
    await new Promise<void>((resolve) => worker.on("completed", () => resolve()));
    expect(delays).toEqual([30]);
  });
});
