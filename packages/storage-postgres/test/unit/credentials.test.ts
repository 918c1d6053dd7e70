import { expect, it } from "vitest";
import { Credentials } from "../../src/credentials.ts";

it("masks the password as it stands, percent-encoded, and as SQL and JSON quote it", () => {
  const password = `it's "7%"`;
  const credentials = new Credentials(password);
  for (const form of [password, encodeURIComponent(password), `it''s "7%"`, JSON.stringify(password)])
    expect(credentials.redact(`it said ${form}!`)).not.toMatch(/7%|7%25/);
});

it("goes on masking the last passwords of a source that rotates, and asks it each time", async () => {
  let turn = 0;
  const credentials = new Credentials(() => `secret-${(turn += 1)}`);
  expect([await credentials.password(), await credentials.password()]).toEqual(["secret-1", "secret-2"]);
  expect(credentials.redact("secret-1 secret-2")).toBe("*** ***");
});

it("is empty when none was given", async () => {
  expect(await new Credentials(undefined).password()).toBe("");
});

it("refuses a source that answers no text", async () => {
  const credentials = new Credentials((() => 7) as unknown as () => string);
  await expect(credentials.password()).rejects.toThrow("Expected `password` to answer text, got number");
});
