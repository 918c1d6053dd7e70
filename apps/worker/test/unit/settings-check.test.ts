import { DlqError } from "@chimera/dlq";
import { describe, expect, it } from "vitest";

import { SettingsCheck, SettingsError } from "../../src/settings-check.ts";

describe("SettingsCheck", () => {
  it("gathers the issues of several packages and throws them at once", async () => {
    const check = new SettingsCheck();
    const refused = await check.attempt((): number => {
      throw new DlqError("DLQ_INVALID", "two", { issues: ["A: expected a", "B: expected b"] });
    });
    check.reject("C", "a server that serves");
    expect(refused).toBeUndefined();
    expect(() => check.throwIfAny()).toThrow(
      new SettingsError(["A: expected a", "B: expected b", "C: expected a server that serves"]),
    );
  });

  it("hands on what was made, and throws nothing then", async () => {
    const check = new SettingsCheck();
    expect(await check.attempt(async () => Promise.resolve(7))).toBe(7);
    expect(() => check.throwIfAny()).not.toThrow();
  });

  it("passes on an error that is nobody's setting", async () => {
    const fault = new TypeError("a fault");
    await expect(new SettingsCheck().attempt(async () => Promise.reject(fault))).rejects.toBe(fault);
  });
});
