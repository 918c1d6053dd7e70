import { describe, expect, test } from "vitest";
import { RedisConnection, type RedisConnectionOptions } from "../../src/index.ts";

const refusal = (make: () => RedisConnection): unknown => {
  try {
    make().close();
  } catch (error) {
    return error;
  }
  return undefined;
};
const issuesOf = (options: RedisConnectionOptions): unknown => {
  const error = refusal(() => new RedisConnection(options));
  if (error === undefined) return [];
  expect(error).toMatchObject({ code: "QUEUE_INVALID", retryable: false });
  expect(String((error as Error).stack)).not.toContain("s3cret");
  return (error as { issues: readonly string[] }).issues;
};

const SHAPE =
  "a URL like redis://host:6379/0, rediss://host:6379/0 or unix:///path?db=0, with a port from 1 to 65535";
const DATABASE = "a URL like redis://host:6379/0, with the number of a database at its end";
const ESCAPES = "a URL with `%` only before two hexadecimal digits of UTF-8; a percent sign itself is `%25`";

describe("a URL", () => {
  test.each([
    ["s3cret", SHAPE],
    ["http://:s3cret@host", SHAPE],
    ["redis://:s3cret@host:70000", SHAPE],
    ["unix://host/path", SHAPE],
    ["unix://:s3cret@", SHAPE],
    ["redis://:s3cret@host:0", SHAPE],
    ["redis://:s3cret@host/abc", DATABASE],
    ["redis://:s3cret@host/1/2", DATABASE],
    ["redis://:s3cret@host/-1", DATABASE],
    ["redis://:s3cret@host/1.5", DATABASE],
    ["unix:///path?db=abc", DATABASE],
    ["redis://user:s3cret%@host", ESCAPES],
    ["redis://us%er:s3cret@host", ESCAPES],
    ["unix:///p%th", ESCAPES],
  ])("`%s` is refused, with what was expected", (url, expected) => {
    expect(issuesOf({ url })).toEqual([`Expected \`url\` to be ${expected}`]);
    const CHIMERA_REDIS_URL = url;
    const error = refusal(() => RedisConnection.fromEnv({ CHIMERA_REDIS_URL }));
    expect(error).toMatchObject({ code: "QUEUE_INVALID", retryable: false });
    expect((error as { issues: unknown }).issues).toEqual([`CHIMERA_REDIS_URL: expected ${expected}`]);
  });

  test.each([
    "redis://host",
    "redis://",
    "REDIS://host",
    "redis://host:6379/",
    "redis://host:6379/15",
    "rediss://user:p%25w@[::1]:6380/1",
    "unix:///run/redis.sock?db=3",
    "unix://user:pw@/run/redis.sock",
    "UNIX://user:pw@/run/redis.sock",
  ])("`%s` is taken", (url) => {
    expect(issuesOf({ url })).toEqual([]);
    expect(refusal(() => RedisConnection.fromEnv({ CHIMERA_REDIS_URL: url }))).toBeUndefined();
  });

  test("that asks for TLS is not overruled by options that forbid it, nor is TLS spoken over a file", () => {
    expect(issuesOf({ url: "rediss://:s3cret@host", tls: false })).toEqual([
      "Expected `tls` not to be false with a `url` that begins with `rediss:`",
    ]);
    expect(issuesOf({ url: "unix:///path", tls: true })).toEqual([
      "Expected no `tls` with a `url` that begins with `unix:`",
    ]);
    expect(issuesOf({ url: "redis://host", tls: true })).toEqual([]);
  });
});

describe("an address of a node", () => {
  test.each([0, 65_536, 1.5, "6379"])("with port %o is refused", (port) => {
    const nodes = [
      { host: "a", port: 1 },
      { host: "b", port: port as number },
    ];
    expect(issuesOf({ cluster: { nodes } })).toEqual([
      "Expected `cluster.nodes` to have ports from 1 to 65535",
    ]);
    expect(issuesOf({ sentinel: { name: "m", nodes } })).toEqual([
      "Expected `sentinel.nodes` to have ports from 1 to 65535",
    ]);
  });

  test.each(["a:0", "a:65536", "a:1,b:99999"])("`%s` in a variable is refused", (text) => {
    const error = refusal(() => RedisConnection.fromEnv({ CHIMERA_REDIS_CLUSTER_NODES: text }));
    expect(error).toMatchObject({ code: "QUEUE_INVALID" });
    expect((error as { issues: unknown }).issues).toEqual([
      "CHIMERA_REDIS_CLUSTER_NODES: expected host:port, several with a comma between, ports from 1 to 65535",
    ]);
  });
});
