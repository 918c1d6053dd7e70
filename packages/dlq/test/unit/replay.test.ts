import { describe, expect, it } from "vitest";
import {
  MemoryDeadLetterStore,
  replay,
  replayIdOf,
  type DeadLetter,
  type ReplayOutcome,
  type ReplayProgress,
  type ReplayTarget,
} from "../../src/index.ts";
import type { ReplayCheckpoint } from "../../src/replay/checkpoint.ts";
import { ManualClock, sampleLetter } from "../../src/testing/index.ts";

/** A target that takes everything, refuses ids it has seen, and does what a test says about certain letters. */
class RecordingTarget implements ReplayTarget {
  readonly name = "queue:quakes";
  readonly takenIds: string[] = [];
  readonly calls: number[] = [];
  readonly #seen = new Set<string>();
  readonly #judge: (letter: DeadLetter) => ReplayOutcome | undefined;

  constructor(judge: (letter: DeadLetter) => ReplayOutcome | undefined = () => undefined) {
    this.#judge = judge;
  }

  take: ReplayTarget["take"] = async (items) => {
    this.calls.push(items.length);
    return items.map(({ letter, replayId }) => {
      const outcome = this.#judge(letter);
      if (outcome !== undefined) return outcome;
      if (this.#seen.has(replayId)) return "duplicate";
      this.#seen.add(replayId);
      this.takenIds.push(letter.id);
      return "taken";
    });
  };
}

class MemoryCheckpoint implements ReplayCheckpoint {
  saved: ReplayProgress | undefined;
  load: ReplayCheckpoint["load"] = async () => this.saved;
  save: ReplayCheckpoint["save"] = async (_identity, progress) => void (this.saved = progress);
  clear: ReplayCheckpoint["clear"] = async () => void (this.saved = undefined);
}

async function storeWith(count: number, overrides: Partial<DeadLetter> = {}): Promise<MemoryDeadLetterStore> {
  const store = new MemoryDeadLetterStore();
  await store.append(
    Array.from({ length: count }, (_, at) => sampleLetter({ id: `letter ${at}`, ...overrides })),
  );
  return store;
}

async function deadLetters(store: MemoryDeadLetterStore): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { letter } of store.list()) letters.push(letter);
  return letters;
}

const failure = (error: unknown): ReplayOutcome => ({ status: "failed", error });
const outage = Object.assign(new Error("down"), { retryable: true });

describe("replay", () => {
  it("sends every dead letter once and marks what was taken", async () => {
    const store = await storeWith(250);
    const target = new RecordingTarget();
    const report = await replay(store, target, { batchSize: 100 });
    expect(report).toMatchObject({
      ended: "done",
      taken: 250,
      duplicates: 0,
      failed: 0,
      matched: { exhausted: 250 },
    });
    expect(target.takenIds).toHaveLength(250);
    expect(await deadLetters(store)).toEqual([]);
  });

  it("sends only what matches the filter", async () => {
    const store = await storeWith(3);
    await store.append([sampleLetter({ id: "poison", reason: "poison" })]);
    const target = new RecordingTarget();
    await replay(store, target, { filter: { reasons: ["poison"] } });
    expect(target.takenIds).toEqual(["poison"]);
    expect(await deadLetters(store)).toHaveLength(3);
  });

  it("sends nothing in a dry run, and counts by reason", async () => {
    const store = await storeWith(3);
    const target = new RecordingTarget();
    const report = await replay(store, target, { dryRun: true });
    expect(report).toMatchObject({ ended: "dry-run", matched: { exhausted: 3 }, taken: 0 });
    expect(target.calls).toEqual([]);
  });

  it("counts a duplicate as done: the target has the letter", async () => {
    const store = await storeWith(2);
    const report = await replay(store, new RecordingTarget(() => "duplicate"));
    expect(report).toMatchObject({ taken: 0, duplicates: 2 });
    expect(await deadLetters(store)).toEqual([]);
  });

  it("gives a version of a letter the same id at every try, and another version another", async () => {
    const letter = sampleLetter();
    expect(replayIdOf(letter)).toBe(replayIdOf({ id: letter.id, ts: letter.ts }));
    expect(replayIdOf(letter)).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(replayIdOf(letter)).not.toBe(replayIdOf({ ...letter, ts: "2026-11-23T08:30:00.001Z" }));
  });

  it("puts a letter that fails again back with its history, and does not send it twice", async () => {
    const store = await storeWith(1);
    const clock = new ManualClock(Date.parse("2026-11-24T00:00:00.000Z"));
    const target = new RecordingTarget(() => failure(Object.assign(new Error("still bad"), { code: "27" })));
    const report = await replay(store, target, { clock });
    expect(report).toMatchObject({ ended: "done", failed: 1, taken: 0 });
    expect(target.calls).toEqual([1]);
    expect(await deadLetters(store)).toMatchObject([
      {
        ts: "2026-11-24T00:00:00.000Z",
        message: "still bad",
        code: "27",
        attempts: 6,
        replays: 1,
        errors: [{ message: "connect ECONNREFUSED" }, { message: "still bad", code: "27" }],
      },
    ]);
  });

  it("leaves alone what has been replayed maxReplays times", async () => {
    const store = await storeWith(2, { replays: 3 });
    const report = await replay(store, new RecordingTarget(), { maxReplays: 3 });
    expect(report).toMatchObject({ ended: "done", skipped: 2, taken: 0 });
    expect(await deadLetters(store)).toHaveLength(2);
  });

  it("counts a rejection as failed for every letter of the call", async () => {
    const store = await storeWith(2);
    const target: ReplayTarget = { name: "broken", take: async () => Promise.reject(new Error("no")) };
    expect(await replay(store, target)).toMatchObject({ failed: 2 });
    expect((await deadLetters(store)).map(({ replays }) => replays)).toEqual([1, 1]);
  });

  it("counts a letter without an answer as failed", async () => {
    const store = await storeWith(2);
    const target: ReplayTarget = { name: "forgetful", take: async () => ["taken"] };
    expect(await replay(store, target)).toMatchObject({ taken: 1, failed: 1 });
  });

  it("tries again what failed for its surroundings, and only that", async () => {
    const store = await storeWith(2);
    let tries = 0;
    const target = new RecordingTarget(({ id }) => {
      return id === "letter 1" && ++tries < 3 ? failure(outage) : undefined;
    });
    const report = await replay(store, target, { backoff: { baseDelayMs: 0 } });
    expect(report).toMatchObject({ ended: "done", taken: 2 });
    expect(target.calls).toEqual([2, 1, 1]);
  });

  it("ends when the target stays unavailable, and leaves the letters as they were", async () => {
    const store = await storeWith(2);
    const before = await deadLetters(store);
    const target = new RecordingTarget(() => failure(outage));
    const report = await replay(store, target, { maxTries: 2, backoff: { baseDelayMs: 0 } });
    expect(report).toMatchObject({ ended: "target-unavailable", error: outage, taken: 0, failed: 0 });
    expect(await deadLetters(store)).toEqual(before);
  });

  it("ends after the calls under way when its signal aborts", async () => {
    const store = await storeWith(10);
    const abort = new AbortController();
    const onProgress = (): void => abort.abort();
    const report = await replay(store, new RecordingTarget(), {
      signal: abort.signal,
      onProgress,
      batchSize: 1,
      concurrency: 1,
    });
    expect(report).toMatchObject({ ended: "aborted", taken: 1 });
    expect(await deadLetters(store)).toHaveLength(9);
  });

  it("goes on from its checkpoint without sending again what failed in the first run", async () => {
    const store = await storeWith(4);
    const checkpoint = new MemoryCheckpoint();
    const abort = new AbortController();
    const target = new RecordingTarget(({ id }) =>
      id === "letter 0" ? failure(new Error("bad")) : undefined,
    );
    const one = { batchSize: 1, concurrency: 1, checkpoint };
    const first = await replay(store, target, {
      ...one,
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    expect(first).toMatchObject({ ended: "aborted", failed: 1, resumed: false });
    const second = await replay(store, target, one);
    expect(second).toMatchObject({ ended: "done", failed: 1, taken: 3, resumed: true });
    expect(target.calls).toHaveLength(4);
    expect(checkpoint.saved).toBeUndefined();
  });

  it("sends replayed letters once more when they are asked for, under other ids", async () => {
    const store = await storeWith(1);
    const target = new RecordingTarget();
    await replay(store, target);
    const report = await replay(store, target, { filter: { state: "replayed" } });
    expect(report).toMatchObject({ taken: 1, duplicates: 0 });
  });

  it("sends no more letters a second than it was told", async () => {
    const store = await storeWith(5);
    const clock = new ManualClock();
    const target = new RecordingTarget();
    const replaying = replay(store, target, { clock, ratePerSecond: 2, concurrency: 1 });
    await clock.advance(0);
    expect(target.takenIds).toHaveLength(2);
    await clock.advance(999);
    expect(target.takenIds).toHaveLength(2);
    await clock.advance(1);
    expect(target.takenIds).toHaveLength(4);
    await clock.advance(1_000);
    expect(await replaying).toMatchObject({ ended: "done", taken: 5 });
  });

  it("passes on what the store throws", async () => {
    const store = await storeWith(1);
    const full = new Error("disk full");
    store.markReplayed = async () => Promise.reject(full);
    await expect(replay(store, new RecordingTarget())).rejects.toBe(full);
  });

  it("refuses options out of range, all at once", async () => {
    const refused = replay(await storeWith(0), new RecordingTarget(), { concurrency: 0, ratePerSecond: 0 });
    await expect(refused).rejects.toMatchObject({ code: "DLQ_INVALID", issues: { length: 2 } });
  });
});
