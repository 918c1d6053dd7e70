import { describe, expect, it } from "vitest";
import { classifyFailure, endsSession, permanentCode } from "../../src/sqlstate.ts";

/** An error as pg makes it from the server's message. */
const server = (code: string, severity = "ERROR", message = "said the server"): Error =>
  Object.assign(new Error(message), { code, severity });
/** An error as Node makes it. */
const network = (code: string, message = code): Error => Object.assign(new Error(message), { code });

describe("before the server has the statement", () => {
  it.each([
    network("ECONNREFUSED"),
    network("ENOTFOUND"),
    network("EAI_AGAIN"),
    network("EHOSTUNREACH"),
    network("ENETUNREACH"),
    network("ETIMEDOUT"),
    network("ECONNRESET"),
    server("57P03", "FATAL"),
    server("53300", "FATAL"),
    server("08004", "FATAL"),
    new Error("Connection terminated unexpectedly"),
    new Error("timeout expired"),
  ])("$code $message was never sent", (error) => {
    expect(classifyFailure(error, "reaching", true)).toBe("never-sent");
  });

  it.each([
    server("28P01", "FATAL"),
    server("28000", "FATAL"),
    server("3D000", "FATAL"),
    new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"),
    new Error("The server does not support SSL connections"),
    network("DEPTH_ZERO_SELF_SIGNED_CERT"),
    network("ERR_TLS_CERT_ALTNAME_INVALID"),
  ])("$code $message will not mend itself", (error) => {
    expect(classifyFailure(error, "reaching", true)).toBe("permanent");
    expect(permanentCode(error)).toBe("ACCESS_DENIED");
  });
});

describe("after it was sent", () => {
  it.each(["40001", "40P01", "55P03", "55006", "53000", "53100", "53200", "53400", "58030"])(
    "%s was rolled back by the server",
    (code) => expect(classifyFailure(server(code), "sent", false)).toBe("rolled-back"),
  );

  it.each(["40001", "53300"])("%s had no effect even when it ended the session", (code) =>
    expect(classifyFailure(server(code, "FATAL"), "sent", true)).toBe("rolled-back"),
  );

  it.each([
    ["FATAL", "53100"],
    ["FATAL", "53200"],
    ["FATAL", "58030"],
    ["PANIC", "53100"],
    ["PANIC", "58030"],
    // The driver knows the severity as the server's language has it alone.
    ["PANIK", "58030"],
  ])("a %s of %s may have come behind the commit record", (severity, code) =>
    expect(classifyFailure(server(code, severity), "sent", false)).toBe("unknown"),
  );

  it.each([
    network("ECONNRESET"),
    network("EPIPE"),
    new Error("Connection terminated unexpectedly"),
    new Error("Query read timeout"),
    server("57P01", "FATAL"),
    server("57P02", "FATAL"),
    server("08006", "FATAL"),
    server("08003"),
    server("08007"),
    server("40003"),
    server("XX000", "FATAL"),
  ])("$code $message leaves the outcome open", (error) => {
    expect(classifyFailure(error, "sent", false)).toBe("unknown");
  });

  it("a driver that refuses to write has not sent", () => {
    const error = new Error("Client has encountered a connection error and is not queryable");
    expect(classifyFailure(error, "sent", true)).toBe("never-sent");
  });

  it("25006 is a failover", () => expect(classifyFailure(server("25006"), "sent", false)).toBe("failover"));

  it("a stale plan was refused before it ran, and ends its session", () => {
    const error = server("0A000", "ERROR", "cached plan must not change result type");
    expect(classifyFailure(error, "sent", false)).toBe("rolled-back");
    expect(endsSession(error)).toBe(true);
  });

  it.each([
    ["22012", "DATA_INVALID"],
    ["23505", "CONSTRAINT_VIOLATION"],
    ["42601", "QUERY_REFUSED"],
    ["42501", "QUERY_REFUSED"],
    ["28000", "ACCESS_DENIED"],
    ["57014", "STATEMENT_CANCELED"],
    ["0A000", "QUERY_REFUSED"],
    ["25P02", "QUERY_REFUSED"],
  ])("%s is permanent and reported as %s, and keeps its session", (code, reported) => {
    const error = server(code);
    expect(classifyFailure(error, "sent", false)).toBe("permanent");
    expect(permanentCode(error)).toBe(reported);
    expect(endsSession(error)).toBe(false);
  });

  it("a value that the driver cannot encode is the caller's fault while the connection lives", () => {
    const error = new TypeError("Converting circular structure to JSON");
    expect(classifyFailure(error, "sent", false)).toBe("permanent");
    expect(permanentCode(error)).toBe("POSTGRES_INVALID");
    expect(classifyFailure(new Error("anything"), "sent", true)).toBe("unknown");
  });
});
