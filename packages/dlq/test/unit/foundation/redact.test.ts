import { describe, expect, it } from "vitest";
import { redactText } from "../../../src/index.ts";

const HALF_MIB = 524_288;

describe("redactText", () => {
  it.for([
    ["a URL", "connect postgres://app:pa55@db:5432/x failed", "connect postgres://***@db:5432/x failed"],
    ["a password with an @ in it", "redis://:p@ss@host", "redis://***@host"],
    ["key=value", "host=db password=hunter2 dbname=x", "host=db password=*** dbname=x"],
    ["JSON", '{"user":"a","password":"hunter2"}', '{"user":"a","password":***}'],
    ["a bearer token", "authorization: Bearer abc.def", "authorization: ***"],
    ["an API key", "api_key: abc, x", "api_key: ***, x"],
    ["a quoted value with blanks", "secret='two words' next", "secret=*** next"],
  ] as const)("masks the secret in %s", ([, text, safe]) => {
    expect(redactText(text)).toBe(safe);
  });

  it("masks credentials whatever stands before them", () => {
    const scheme = "a".repeat(100);
    expect(redactText(`2_${scheme}://app:pa55@db`)).toBe(`2_${scheme}://***@db`);
  });

  it.for([
    ["that could be the scheme of a URL all along", `${"a-".repeat(HALF_MIB)}@`],
    ["of URLs without credentials", `${"a://".repeat(HALF_MIB / 2)}@`],
    ["of blanks behind a name", `token${" ".repeat(2 * HALF_MIB)}@`],
    ["of quotes that nothing closes", `token="a,token='b,`.repeat(HALF_MIB / 8)],
  ] as const)("takes no longer than a scan for a mebibyte %s", ([, text]) => {
    const startedAt = performance.now();
    redactText(text);
    // A scan takes about 10 ms; time that grows with the square of the length would be minutes.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it("leaves ordinary text as it is", () => {
    const text = "user@example.com wrote 3 tokens to https://example.com/path?x=1";
    expect(redactText(text)).toBe(text);
  });

  it("masks known secrets wherever they stand, percent-encoded too", () => {
    expect(redactText("a p/w b p%2Fw c", { secrets: ["p/w"] })).toBe("a *** b *** c");
  });

  it("passes over known secrets that are too short to be one", () => {
    expect(redactText("an apple", { secrets: ["a", ""] })).toBe("an apple");
  });

  it("cuts what is too long, after masking", () => {
    expect(redactText(`password=hunter2 ${"x".repeat(100)}`, { maxLength: 20 })).toBe("password=*** xxxxxx…");
    expect(redactText("x".repeat(1_024))).toHaveLength(1_024);
    expect(redactText("x".repeat(1_025))).toHaveLength(1_024);
  });
});
