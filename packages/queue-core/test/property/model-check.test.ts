import fc from "fast-check";
import { expect, test } from "vitest";
import { checkAgainstModel } from "../../src/conformance/index.ts";
import type { EnqueueNow } from "../../src/enqueue-now.ts";
import { LocalBackend } from "../../src/local/local-backend.ts";
import type { EnqueueResult, NewJob } from "../../src/protocol.ts";
import { ForwardingBackend, ManualClock } from "../../src/testing/index.ts";
import { NaiveQueue } from "./naive-queue.ts";
import { HandClock } from "./hand-clock.ts";

const HISTORIES = 10_000;

test(
  `${HISTORIES} histories on the local queue are answered as the rules in their plainest form answer them`,
  { timeout: 120_000 },
  async () => {
    let clock = new HandClock();
    await checkAgainstModel(
      fc,
      {
        createBackend: async (limits) => {
          clock = new HandClock();
          return new LocalBackend("checked", { ...limits, clock });
        },
        advanceClock: async (durationMs) => clock.advance(durationMs),
      },
      { runs: HISTORIES, createOracle: (oracleClock, { maxDepth }) => new NaiveQueue(oracleClock, maxDepth) },
    );
    expect(clock.now()).toBeGreaterThan(0);
  },
);

/** Enqueues as `Queue` does: without waiting, and an id that was never seen before as one that was just made. */
class EnqueuedAtOnce extends ForwardingBackend {
  readonly #enqueueNow: EnqueueNow | undefined;
  readonly #seen = new Set<string>();

  constructor(inner: LocalBackend) {
    super(inner);
    this.#enqueueNow = inner.enqueueNow;
  }

  override async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    return jobs.map((job) => {
      const fresh = !this.#seen.has(job.id);
      this.#seen.add(job.id);
      return this.#enqueueNow?.({ ...job, fresh }) ?? { status: "full" };
    });
  }
}

test(
  "jobs that are enqueued at once are answered the same, whenever one is first asked for by id",
  { timeout: 120_000 },
  async () => {
    let clock = new HandClock();
    await checkAgainstModel(
      fc,
      {
        createBackend: async (limits) => {
          clock = new HandClock();
          return new EnqueuedAtOnce(new LocalBackend("checked", { ...limits, clock }));
        },
        advanceClock: async (durationMs) => clock.advance(durationMs),
      },
      { runs: 2_000, createOracle: (oracleClock, { maxDepth }) => new NaiveQueue(oracleClock, maxDepth) },
    );
    expect(clock.now()).toBeGreaterThan(0);
  },
);

test("a backend that differs is shown the shortest history that tells, and the seed", async () => {
  const clock = new ManualClock();
  const check = checkAgainstModel(
    fc,
    {
      createBackend: async (limits) => {
        const inner = new LocalBackend("differs", { ...limits, clock });
        const forgetful = new ForwardingBackend(inner);
        forgetful.settle = async (settlements) => (await inner.settle(settlements)).map(() => "ok");
        return forgetful;
      },
      advanceClock: async (durationMs) => clock.advance(durationMs),
    },
    { runs: 200, seed: 7, withAdmin: false },
  );
  await expect(check).rejects.toThrow(/seed: 7.*path/s);
  await expect(check).rejects.toThrow(/step 1, settle, was answered otherwise/);
});
