import { expect, it } from "vitest";

import { untilAborted } from "../../src/until-aborted.ts";

it("leaves no rejection unhandled of a promise whose signal had aborted already", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  const late = Promise.reject(new Error("late"));
  await expect(untilAborted(late, AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
