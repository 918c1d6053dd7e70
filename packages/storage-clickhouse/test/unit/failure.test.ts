import { describe, expect, it } from "vitest";

import { errorOf, readFailure } from "../../src/failure.ts";

const coded = (code: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { code, ...more });

describe("a failure is read", () => {
  it("from the driver's code", () => {
    expect(readFailure(coded("60", "Table default.t does not exist"))).toMatchObject({
      kind: "configuration",
      serverCode: 60,
      code: "CLICKHOUSE_60",
      outcomeUnknown: false,
      unreachable: false,
    });
  });

  it("from the text, where an old server's error has no code", () => {
    const error = new Error(
      "Code: 27, e.displayText() = DB::Exception: Cannot parse input: (at row 17)\n, e.what()",
    );
    expect(readFailure(error)).toMatchObject({ kind: "row", serverCode: 27, rowNumber: 17 });
  });

  it("with the row that a violated constraint names", () => {
    const error = coded("469", "Constraint `c` for table t is violated at row 1001.");
    expect(readFailure(error)).toMatchObject({ kind: "row", rowNumber: 1001 });
  });

  it("as about a row when an unknown code names one", () => {
    expect(readFailure(coded("9999", "Something new: (at row 3)")).kind).toBe("row");
    expect(readFailure(coded("9999", "Something new")).kind).toBe("rejected");
  });

  it.each([
    ["ECONNREFUSED", coded("ECONNREFUSED", "connect ECONNREFUSED"), false],
    ["ENOTFOUND", coded("ENOTFOUND", "getaddrinfo ENOTFOUND"), false],
    ["a time-out of connecting", coded("ETIMEDOUT", "connect", { syscall: "connect" }), false],
    ["ECONNRESET", coded("ECONNRESET", "read ECONNRESET"), true],
    ["the driver's time-out", new Error("Timeout error."), true],
    ["a gateway's page", new Error("<html>502 Bad Gateway</html>"), true],
    ["319, the status of the insert is unknown", coded("319", "Unknown status"), true],
    ["210 after sending", coded("210", "Network error"), true],
    ["252, too many parts", coded("252", "Too many parts"), false],
  ])("as transient, and says whether it may have happened: %s", (_name, error, outcomeUnknown) => {
    expect(readFailure(error)).toMatchObject({ kind: "transient", outcomeUnknown });
  });

  it.each([
    ["6", "rejected"],
    ["241", "transient"],
    ["60", "configuration"],
  ])("as one that may have happened when a view failed behind the table: %s is %s", (code, kind) => {
    const error = coded(code, "Cannot do it: (at row 3): while pushing to view default.hourly");
    expect(readFailure(error)).toMatchObject({ kind, outcomeUnknown: true });
  });

  it("as unreachable only when no server answered", () => {
    expect(readFailure(coded("ECONNRESET", "x")).unreachable).toBe(true);
    expect(readFailure(coded("241", "Memory limit exceeded")).unreachable).toBe(false);
  });

  it("as configuration when TLS is not set up", () => {
    expect(readFailure(coded("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate")).kind).toBe(
      "configuration",
    );
  });

  it("without the secrets, on one line", () => {
    const error = coded("516", "chimera: Authentication\n failed for http://u:hunter2@h with hunter2");
    const { message } = readFailure(error, ["hunter2"]);
    expect(message).not.toContain("hunter2");
    expect(message).not.toContain("\n");
  });
});

describe("the error a caller gets", () => {
  it.each([
    [coded("ECONNRESET", "x"), "CLICKHOUSE_UNAVAILABLE", true],
    [coded("60", "x"), "CLICKHOUSE_MISCONFIGURED", true],
    [coded("62", "x"), "CLICKHOUSE_REJECTED", false],
    [coded("27", "x"), "CLICKHOUSE_REJECTED", false],
    [coded("9999", "x"), "CLICKHOUSE_REJECTED", false],
  ])("of %s is %s", (error, code, retryable) => {
    expect(errorOf(readFailure(error), "Insert failed")).toMatchObject({ code, retryable });
  });
});
