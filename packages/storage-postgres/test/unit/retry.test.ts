import { ManualClock } from "@chimera/dlq/testing";
import { describe, expect, it } from "vitest";
import { Credentials } from "../../src/credentials.ts";
import { Failure, LostTransaction } from "../../src/failure.ts";
import { resolveOptions } from "../../src/options.ts";
import { Retrier } from "../../src/retry.ts";
import type { FailureClass } from "../../src/sqlstate.ts";
import { RecordingLogger } from "../support/recording-logger.ts";

function rig(deadlineMs = Infinity) {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const options = resolveOptions({ clock, logger, retry: { jitter: "none" }, password: "hunter2" });
  const retrier = new Retrier(options, new Credentials(options.password));
  const limits = { deadlineAt: clock.monotonic() + deadlineMs, signal: undefined as AbortSignal | undefined };
  /** Milliseconds waited before each further try, and what the caller got in the end. */
  const play = async (failure: unknown, idempotent = false) => {
    const waits: number[] = [];
    for (let attempts = 1; ; attempts++) {
      const before = clock.monotonic();
      const waiting = retrier.waitForNext(failure, attempts, { limits, idempotent });
      const outcome = waiting.then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      await clock.advance(10_000);
      const ended = await outcome;
      if (ended !== undefined) return { waits, error: ended.error };
      waits.push(clock.monotonic() - before);
    }
  };
  return { clock, logger, retrier, limits, play };
}

const failed = (kind: FailureClass): Failure => new Failure(kind, new Error("driver said hunter2"));

describe("a failure that is", () => {
  it.each<[FailureClass, string]>([
    ["never-sent", "POSTGRES_UNAVAILABLE"],
    ["rolled-back", "ROLLED_BACK"],
    ["failover", "READ_ONLY_SERVER"],
  ])("%s is tried four times in all, then reported as %s, retryable", async (kind, code) => {
    const { play, retrier } = rig();
    const { waits, error } = await play(failed(kind));
    expect(waits).toHaveLength(3);
    expect(error).toMatchObject({ code, retryable: true, attempts: 4 });
    expect(retrier.counts).toMatchObject({ [kind]: 3 });
  });

  it("unknown is reported at once, unless the caller says that a repetition does no harm", async () => {
    const once = await rig().play(failed("unknown"));
    expect(once).toMatchObject({
      waits: [],
      error: { code: "OUTCOME_UNKNOWN", retryable: false, attempts: 1 },
    });
    const often = await rig().play(failed("unknown"), true);
    expect(often.waits).toHaveLength(3);
    expect(often.error).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true, attempts: 4 });
  });

  it("a transaction lost before COMMIT is tried again without the caller's word", async () => {
    const { waits, error } = await rig().play(new LostTransaction("unknown", new Error("lost")));
    expect(waits).toHaveLength(3);
    expect(error).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true });
  });

  it("permanent, or ended by the deadline, is never tried again", async () => {
    expect((await rig().play(failed("permanent"))).waits).toEqual([]);
    const over = await rig().play(new Failure("rolled-back", new Error("cancelled"), "deadline"));
    expect(over).toMatchObject({ waits: [], error: { code: "DEADLINE_EXCEEDED" } });
  });

  it("ended by the deadline says what is known of the effect, also where a repetition does no harm", async () => {
    const cancelled = await rig().play(new Failure("rolled-back", new Error("cancelled"), "deadline"), true);
    expect(cancelled.error).toMatchObject({
      message: expect.stringContaining("nothing took effect") as string,
    });
    const lost = await rig().play(new Failure("unknown", new Error("lost"), "deadline"), true);
    expect(lost.error).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      retryable: true,
      message: expect.stringContaining("the effect may have happened") as string,
    });
  });

  it("somebody else's error passes as it is", async () => {
    const mine = new Error("mine");
    expect((await rig().play(mine)).error).toBe(mine);
  });
});

it("waits 100, 200 and 400 ms", async () => {
  const { clock, retrier, limits } = rig();
  for (const [attempts, delayMs] of [
    [1, 100],
    [2, 200],
    [3, 400],
  ] as const) {
    let isTime = false;
    const waiting = retrier
      .waitForNext(failed("never-sent"), attempts, { limits, idempotent: false })
      .then(() => (isTime = true));
    await clock.advance(delayMs - 1);
    expect(isTime).toBe(false);
    await clock.advance(1);
    await waiting;
  }
});

it("gives up when the next try would begin behind the deadline", async () => {
  const { waits, error } = await rig(250).play(failed("never-sent"));
  expect(waits.length).toBeLessThanOrEqual(1);
  expect(error).toMatchObject({ code: "POSTGRES_UNAVAILABLE" });
});

it("stops waiting at the abort, with the caller's reason", async () => {
  const { retrier, limits } = rig();
  const controller = new AbortController();
  const reason = new Error("enough");
  const call = { limits: { ...limits, signal: controller.signal }, idempotent: false };
  const waiting = retrier.waitForNext(failed("never-sent"), 1, call);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

it("says each repetition to the log, without the password", async () => {
  const { play, logger } = rig();
  await play(failed("never-sent"));
  expect(logger.of("postgres.retrying")).toHaveLength(3);
  expect(logger.of("postgres.retrying")[0]).toMatchObject({
    failure: "never-sent",
    attempts: 1,
    delayMs: 100,
  });
  expect(JSON.stringify(logger.lines)).not.toContain("hunter2");
});
