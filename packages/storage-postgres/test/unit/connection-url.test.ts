import { expect, it } from "vitest";
import { parseConnectionUrl } from "../../src/connection-url.ts";

it("takes a URL apart, percent-encoded characters decoded", () => {
  const url =
    "postgresql://us%40er:p%40%3A%2F%3F%23%25ss@db.internal:6432/my%20db?sslmode=require&application_name=shop&connect_timeout=3";
  expect(parseConnectionUrl(url)).toEqual({
    host: "db.internal",
    port: 6432,
    user: "us@er",
    password: "p@:/?#%ss",
    database: "my db",
    tls: true,
    applicationName: "shop",
    connectTimeoutMs: 3_000,
  });
});

it("reads the directory of a Unix socket and an IPv6 address", () => {
  expect(parseConnectionUrl("postgres:///app?host=/run/postgresql")).toEqual({
    host: "/run/postgresql",
    database: "app",
  });
  expect(parseConnectionUrl("postgres://[::1]:5433/app")).toMatchObject({ host: "::1", port: 5433 });
});

it.each([
  ["@ is taken whole", "postgres://u:se@cret@h/d", { password: "se@cret", host: "h" }],
  ["an encoded slash", "postgres://u:se%2Fcret@h/d", { password: "se/cret" }],
])("understands a password with %s", (_what, url, parts) => {
  expect(parseConnectionUrl(url)).toMatchObject(parts);
});

it.each([
  ["a bare slash", "postgres://u:12/secret@h/d"],
  ["a bare question mark", "postgres://u:12?secret@h/d"],
  ["a bare hash", "postgres://u:12#secret@h/d"],
  ["a bare slash behind letters", "postgres://u:se/cret@h/d"],
  ["a bare percent sign", "postgres://u:secret%zz@h/d"],
  ["an unknown parameter", "postgres://u@h/d?secret=1"],
  ["a mode that falls back to plain text", "postgres://u:secret@h/d?sslmode=prefer"],
  ["another scheme", "mysql://u:secret@h/d"],
  ["no URL at all", "secret"],
])("refuses %s without quoting it", (_what, url) => {
  const answer = parseConnectionUrl(url);
  expect(answer).toEqual(expect.any(String));
  expect(answer).not.toContain("secret");
  expect(answer).not.toContain("cret");
});
