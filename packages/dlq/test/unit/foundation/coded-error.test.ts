import { describe, expect, it } from "vitest";
import { DlqError, errorCode, errorMessage, isRetryable } from "../../../src/index.ts";

describe("a coded error", () => {
  it("says its code, whether to try again, its cause and its issues", () => {
    const cause = new Error("ENOSPC");
    const error = new DlqError("DLQ_NO_SPACE", "full", { retryable: true, cause, issues: ["one"] });
    expect(error).toMatchObject({
      name: "DlqError",
      code: "DLQ_NO_SPACE",
      retryable: true,
      cause,
      issues: ["one"],
    });
  });

  it("is not retryable and has no issues unless it says so", () => {
    expect(new DlqError("DLQ_CLOSED", "closed")).toMatchObject({ retryable: false, issues: [] });
    expect("cause" in new DlqError("DLQ_CLOSED", "closed")).toBe(false);
  });

  it("shows neither cause nor stack as JSON", () => {
    const error = new DlqError("DLQ_CLOSED", "closed", { cause: new Error("secret") });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "DlqError",
      code: "DLQ_CLOSED",
      message: "closed",
      retryable: false,
    });
  });

  it("shows its issues as JSON", () => {
    expect(JSON.stringify(new DlqError("DLQ_INVALID", "x", { issues: ["a"] }))).toContain('"issues":["a"]');
  });
});

describe("reading thrown values", () => {
  it("finds the code of anything that has one as text", () => {
    const coded = [Object.assign(new Error("x"), { code: "EPIPE" }), { code: "27" }];
    expect(coded.map(errorCode)).toEqual(["EPIPE", "27"]);
    expect([{ code: 27 }, new Error("x"), "text", null, undefined].map(errorCode)).toEqual(
      Array(5).fill(undefined),
    );
  });

  it("finds a message in anything", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    expect(
      [new Error("said"), new TypeError(), "text", { a: 1 }, undefined, 1n, circular].map(errorMessage),
    ).toEqual(["said", "TypeError", "text", '{"a":1}', "undefined", "[object BigInt]", "[object Object]"]);
  });

  it("believes an error that says it is retryable, and nothing else", () => {
    expect([{ retryable: true }, { retryable: "yes" }, new Error("x"), null, "x"].map(isRetryable)).toEqual([
      true,
      ...Array<boolean>(4).fill(false),
    ]);
  });
});
