import { describe, expect, it } from "vitest";

import { externalService } from "../../src/external-service.ts";

const VARIABLE = "CHIMERA_TEST_REDIS_URL";

describe("a server named in the environment", () => {
  const service = externalService(VARIABLE, { [VARIABLE]: "redis://elsewhere:6379" });

  it("is taken as it is", async () => {
    expect(service).toMatchObject({ url: "redis://elsewhere:6379", owned: false });
    await expect(service?.stop()).resolves.toBeUndefined();
  });

  it("is never killed or restarted, and the error names the variable", async () => {
    await expect(service?.kill9()).rejects.toThrow(/^kill9\(\) .* CHIMERA_TEST_REDIS_URL names another one/);
    await expect(service?.restart()).rejects.toThrow(/^restart\(\) .* CHIMERA_TEST_REDIS_URL/);
  });
});

it("an empty variable names no server", () => {
  expect(externalService(VARIABLE, { [VARIABLE]: "" })).toBeUndefined();
});
