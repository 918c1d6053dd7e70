import { MemoryDeadLetterStore, silentLogger, systemClock } from "@chimera/dlq";
import type { DeadLetterFilter, DeadLetterStats } from "@chimera/dlq";
import { sampleLetter } from "@chimera/dlq/testing";
import { LocalQueue } from "@chimera/queue-core";
import { expect, it } from "vitest";

import { ReplayTask } from "../../../src/cockpit/replay-task.ts";

/** Counts its letters once it is let, as a store of millions does after a while. */
class SlowlyCountedStore extends MemoryDeadLetterStore {
  /** Lets the count under way go on, or fail. */
  count: (failure?: Error) => void = () => {};

  override async stats(filter?: DeadLetterFilter): Promise<DeadLetterStats> {
    const failure = await new Promise<Error | undefined>((resolve) => (this.count = resolve));
    if (failure !== undefined) throw failure;
    return super.stats(filter);
  }
}

async function rig() {
  const store = new SlowlyCountedStore();
  await store.append([sampleLetter()]);
  const queue = new LocalQueue("refilled");
  const target = () => queue.replayTarget();
  const task = new ReplayTask({ store, target, logger: silentLogger, clock: systemClock });
  const depth = async (): Promise<number> => (await queue.metrics()).depth;
  return { store, task, depth };
}

it("sends nothing once it was stopped while the letters were counted", async () => {
  const { store, task, depth } = await rig();
  const starting = task.start({ filter: {} });
  expect(task.stop()).toBe(true);
  store.count();
  expect(await starting).toBe("started");
  await expect.poll(() => task.state?.status).toBe("stopped");
  expect(await depth()).toBe(0);
  expect(task.state).toMatchObject({ total: 1, taken: 0 });
});

it("is over when it was closed while the letters were counted", async () => {
  const { store, task, depth } = await rig();
  const starting = task.start({ filter: {} });
  const closing = task.close();
  store.count();
  await closing;
  expect(task.state).toMatchObject({ status: "stopped", taken: 0 });
  expect(await depth()).toBe(0);
  await starting;
});

it("takes the next order after one whose letters could not be counted", async () => {
  const { store, task, depth } = await rig();
  const failing = task.start({ filter: {} });
  expect(await task.start({ filter: {} })).toBe("busy");
  store.count(new Error("cannot count"));
  await expect(failing).rejects.toThrow("cannot count");
  expect(task.stop()).toBe(false);
  const starting = task.start({ filter: {} });
  store.count();
  expect(await starting).toBe("started");
  await expect.poll(() => task.state?.status).toBe("done");
  expect(await depth()).toBe(1);
});
