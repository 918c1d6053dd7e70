import { ManualClock } from "@chimera/dlq/testing";
import { LocalQueue } from "@chimera/queue-core";
import { expect, it } from "vitest";

import { QueueWatch } from "../../../src/cockpit/queue-watch.ts";

it("makes rates of counters, from one look to the next, and a gap of a queue that does not answer", async () => {
  const clock = new ManualClock();
  const queue = new LocalQueue("watched", { clock });
  const watch = new QueueWatch({ queue, queueChoice: { kind: "local", fellBack: false } }, clock);
  expect((await watch.look()).sample).toMatchObject({ depth: 0, enqueuedPerSecond: null, p95Ms: null });
  await Promise.all([1, 2, 3].map(async (number) => queue.enqueue(number)));
  await clock.advance(2_000);
  const { sample, queue: state } = await watch.look();
  expect(sample).toMatchObject({ depth: 3, enqueuedPerSecond: 1.5, donePerSecond: 0 });
  expect(state).toMatchObject({ name: "watched", kind: "local", paused: false, enqueued: 3 });
  await queue.close();
  expect(await watch.look()).toMatchObject({ queue: null, sample: { depth: null, donePerSecond: null } });
});
