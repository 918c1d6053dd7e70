import { describe, expect, it } from "vitest";
import { ManualClock } from "@chimera/dlq/testing";
import { LocalBackend, Queue } from "../../../src/index.ts";
import type { PressureOptions } from "../../../src/pressure.ts";

async function readyQueue(
  jobs: number,
  pressure: PressureOptions = {},
): Promise<{ clock: ManualClock; queue: Queue<number> }> {
  const clock = new ManualClock();
  const queue = new Queue<number>(new LocalBackend("jobs", { clock }), { clock, pressure });
  await queue.enqueueMany(Array.from({ length: jobs }, (_, n) => n));
  return { clock, queue };
}

async function drain(queue: Queue<number>, jobs: number): Promise<void> {
  for (const job of await queue.dequeue({ max: jobs })) await job.done();
}

describe("pressure", () => {
  it("is ok on an empty queue", async () => {
    const { queue } = await readyQueue(0);
    expect(await queue.pressure()).toEqual({
      level: "ok",
      depth: 0,
      due: 0,
      oldestReadyMs: 0,
      drainPerSecond: 0,
      estimatedDelayMs: 0,
    });
  });

  it("estimates the delay from the backlog and the rate at which jobs left", async () => {
    const { clock, queue } = await readyQueue(250);
    await queue.pressure();
    await drain(queue, 50);
    await clock.advance(5_000);
    expect(await queue.pressure()).toMatchObject({
      drainPerSecond: 10,
      estimatedDelayMs: 20_000,
      level: "high",
    });
  });

  it("goes by how long the oldest job has waited while nothing drains", async () => {
    const { clock, queue } = await readyQueue(1);
    await clock.advance(9_999);
    expect((await queue.pressure()).level).toBe("ok");
    await clock.advance(50_001);
    expect(await queue.pressure()).toMatchObject({
      level: "critical",
      estimatedDelayMs: 60_000,
      drainPerSecond: 0,
    });
  });

  it("looks at jobs that are due although nobody has promoted them", async () => {
    const { clock, queue } = await readyQueue(0, { highDepth: 2, criticalDepth: 3 });
    await queue.enqueueMany([1, 2], { delayMs: 1_000 });
    expect((await queue.pressure()).level).toBe("ok");
    await clock.advance(1_000);
    expect(await queue.pressure()).toMatchObject({ level: "high", depth: 0, due: 2 });
    await queue.enqueue(3);
    await clock.advance(100);
    expect((await queue.pressure()).level).toBe("critical");
  });

  it("forgets a rate that is a minute old", async () => {
    const { clock, queue } = await readyQueue(100);
    await queue.pressure();
    await drain(queue, 60);
    await clock.advance(60_000);
    expect((await queue.pressure()).drainPerSecond).toBe(1);
    await clock.advance(60_001);
    expect((await queue.pressure()).drainPerSecond).toBe(0);
  });

  it("does not hold idle time against consumers: a burst after it is no reason to turn producers away", async () => {
    const { clock, queue } = await readyQueue(1);
    await queue.pressure();
    await drain(queue, 1);
    for (let second = 0; second < 50; second++) {
      await clock.advance(1_000);
      await queue.pressure();
    }
    await queue.enqueueMany(Array.from({ length: 1_000 }, (_, n) => n));
    await clock.advance(100);
    expect(await queue.pressure()).toMatchObject({ level: "ok", depth: 1_000, estimatedDelayMs: 100 });
    await drain(queue, 110);
    await clock.advance(1_000);
    expect(await queue.pressure()).toMatchObject({ drainPerSecond: 100, estimatedDelayMs: 8_900 });
  });

  it("trusts consumers again ten seconds after they came back from an outage", async () => {
    const { clock, queue } = await readyQueue(2_000);
    const lookFor = async (seconds: number, jobs: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        if (jobs > 0) await drain(queue, jobs);
        await clock.advance(1_000);
        await queue.pressure();
      }
    };
    await queue.pressure();
    await lookFor(60, 0);
    expect((await queue.pressure()).drainPerSecond).toBe(0);
    await lookFor(10, 50);
    expect((await queue.pressure()).drainPerSecond).toBe(50);
  });

  it("asks the backend at most once in 100 ms", async () => {
    const { clock, queue } = await readyQueue(0);
    const first = await queue.pressure();
    await queue.enqueue(1);
    expect(await queue.pressure()).toBe(first);
    await clock.advance(100);
    expect((await queue.pressure()).depth).toBe(1);
  });

  it("refuses levels that stand the wrong way round", async () => {
    await expect(readyQueue(0, { highDelayMs: 500, criticalDelayMs: 100 })).rejects.toMatchObject({
      code: "QUEUE_INVALID",
      issues: ["Expected `pressure.criticalDelayMs` to be an integer >= 500, got `100`"],
    });
  });
});
