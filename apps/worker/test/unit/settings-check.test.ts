import { DlqError } from "@chimera/dlq";
import { describe, expect, it } from "vitest";

import { SettingsCheck, SettingsError, withDefaults } from "../../src/settings-check.ts";

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

it("a default of the service's own stands in for a variable that is not set, or empty, and for no other", () => {
  const defaults = { CHIMERA_POSTGRES_POOL_SIZE: "10", CHIMERA_POSTGRES_MAX_OVERFLOW: "0" };
  const environment = withDefaults(
    {
      CHIMERA_POSTGRES_POOL_SIZE: "30",
      CHIMERA_POSTGRES_MAX_OVERFLOW: "",
      CHIMERA_POSTGRES_URL: "postgres://db",
    },
    defaults,
  );
  expect([...Object.keys(defaults), "CHIMERA_POSTGRES_URL"].map((name) => environment[name])).toEqual([
    "30",
    "0",
    "postgres://db",
  ]);
});
