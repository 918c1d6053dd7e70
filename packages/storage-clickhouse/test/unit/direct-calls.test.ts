import { ManualClock } from "@chimera/dlq/testing";
import { expect, it } from "vitest";

import { DirectCalls } from "../../src/direct-calls.ts";

it("close waits for its deadline alone where a call ignores its signals, as of an engine in the process", async () => {
  const clock = new ManualClock();
  const calls = new DirectCalls(clock);
  void calls.run(async () => new Promise<void>(() => {}), undefined);
  let isClosed = false;
  void calls.close(1_000).then(() => (isClosed = true));
  await clock.advance(999);
  expect(isClosed).toBe(false);
  await clock.advance(1);
  await expect.poll(() => isClosed).toBe(true);
});
