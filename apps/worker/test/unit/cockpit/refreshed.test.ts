import { ManualClock } from "@chimera/dlq/testing";
import { expect, it } from "vitest";

import { Refreshed } from "../../../src/cockpit/refreshed.ts";

it("reads when it is due, one reading at a time", async () => {
  const clock = new ManualClock();
  let readings = 0;
  const value = new Refreshed(async () => (readings += 1), { clock, everyMs: 1_000 });
  expect(value.latest).toBeUndefined();
  await Promise.all([value.refresh(), value.refresh()]);
  await value.refresh();
  expect([value.latest, readings]).toEqual([1, 1]);
  await clock.advance(1_000);
  await value.refresh();
  expect(value.latest).toBe(2);
});

it("rests ten times as long as a reading took", async () => {
  const clock = new ManualClock();
  let readings = 0;
  const value = new Refreshed(
    async () => {
      await clock.advance(500);
      return (readings += 1);
    },
    { clock, everyMs: 1_000 },
  );
  await value.refresh();
  await clock.advance(4_999);
  await value.refresh();
  expect(readings).toBe(1);
  await clock.advance(1);
  await value.refresh();
  expect(readings).toBe(2);
});

it("shows nothing rather than an old value when a reading fails, and reads at once when told so", async () => {
  const clock = new ManualClock();
  const answers = [async () => "old", async () => Promise.reject(new Error("down")), async () => "new"];
  const value = new Refreshed(async () => answers.shift()?.(), { clock, everyMs: 1_000 });
  await value.refresh();
  value.expire();
  await value.refresh();
  expect(value.latest).toBeUndefined();
  value.expire();
  await value.refresh();
  expect(value.latest).toBe("new");
});
