import { setImmediate as turn } from "node:timers/promises";
import { silentLogger } from "@chimera/dlq";
import { expect, onTestFinished, test } from "vitest";
import { BackendEvents } from "../../src/backend-events.ts";

test.each([
  [
    "throws",
    () => {
      throw new Error("password=hunter22 is wrong");
    },
  ],
  [
    "rejects",
    async () => {
      throw new Error("password=hunter22 is wrong");
    },
  ],
] as const)("a listener that %s is reported and hurts nobody", async (_, listener) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  const reported: unknown[] = [];
  const heard: number[] = [];
  const events = new BackendEvents({
    ...silentLogger,
    error: (event, fields) => void reported.push([event, fields]),
  });
  events.on("reclaimed", () => listener() as unknown as undefined);
  events.on("reclaimed", ({ count }) => void heard.push(count));
  events.emit("reclaimed", { count: 3 });
  await turn();
  await turn();
  expect(heard).toEqual([3]);
  expect(unhandled).toEqual([]);
  expect(reported).toEqual([
    ["redis.listener-failed", { event: "reclaimed", message: expect.stringContaining("is wrong") as string }],
  ]);
  expect(JSON.stringify(reported)).not.toContain("hunter22");
});
