import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { connectionOptionsFromEnv } from "../../src/connection-options.ts";
import { RedisBackend, RedisConnection, RedisQueue } from "../../src/index.ts";

const issuesFrom = (make: () => unknown): readonly string[] => {
  try {
    make();
  } catch (error) {
    expect(error).toMatchObject({ code: "QUEUE_INVALID" });
    return (error as { issues: readonly string[] }).issues;
  }
  return [];
};

describe("a connection's options", () => {
  test("are all checked at once", () => {
    const make = (): unknown =>
      new RedisConnection({ url: "http://x", prefix: "{}", connectTimeoutMs: 1, commandTimeoutMs: 1e9 });
    expect(issuesFrom(make)).toEqual([
      "Expected `url` to be a URL like redis://host:6379/0, rediss://host:6379/0 or unix:///path?db=0, with a port from 1 to 65535",
      "Expected `prefix` to be 1 to 100 of `[A-Za-z0-9._:-]`",
      "Expected `connectTimeoutMs` to be an integer from 100 to 60_000, got `1`",
      "Expected `commandTimeoutMs` to be an integer from 100 to 60_000, got `1000000000`",
    ]);
  });

  test("name one way to the server only", () => {
    const node = { host: "a", port: 1 };
    expect(
      issuesFrom(() => new RedisConnection({ url: "redis://a", cluster: { nodes: [node] } })),
    ).toHaveLength(1);
    expect(issuesFrom(() => new RedisConnection({ sentinel: { name: "m", nodes: [] } }))).toHaveLength(1);
  });

  test("never show a password", () => {
    const connection = new RedisConnection({ url: "redis://user:hunter22@host", password: "hunter23" });
    const sentinel = { name: "m", nodes: [{ host: "a", port: 1 }], password: "hunter24" };
    const watched = new RedisConnection({ sentinel });
    const queue = new RedisQueue("q", { connection });
    const shown = [
      inspect(connection, { depth: 9, showHidden: true }),
      JSON.stringify(connection),
      inspect(watched, { depth: 9, showHidden: true }),
      JSON.stringify(watched),
      inspect(queue, { depth: 9 }),
    ];
    expect(shown.join()).not.toMatch(/hunter2/);
    connection.close();
    watched.close();
  });
});

describe("a connection from the environment", () => {
  test("reads every variable", () => {
    const connection = RedisConnection.fromEnv({
      CHIMERA_REDIS_URL: "rediss://host:6380",
      CHIMERA_REDIS_PASSWORD: "pw",
      CHIMERA_REDIS_PREFIX: "app",
      CHIMERA_REDIS_COMMAND_TIMEOUT_MS: "700",
      CHIMERA_REDIS_STRICT: "true",
    });
    expect(connection.settings).toMatchObject({ prefix: "app", commandTimeoutMs: 700, strict: true });
    connection.close();
  });

  test("names everything that is wrong, and no value", () => {
    const issues = issuesFrom(() =>
      RedisConnection.fromEnv({
        CHIMERA_REDIS_URL: "s3cret",
        CHIMERA_REDIS_CLUSTER_NODES: "a:1,s3cret",
        CHIMERA_REDIS_SENTINEL_NAME: "s3cret",
        CHIMERA_REDIS_PREFIX: "s3cret{}",
        CHIMERA_REDIS_TLS: "s3cret",
        CHIMERA_REDIS_CONNECT_TIMEOUT_MS: "s3cret",
      }),
    );
    expect(issues.map((issue) => issue.split(":")[0])).toEqual([
      "CHIMERA_REDIS_CLUSTER_NODES",
      "CHIMERA_REDIS_SENTINEL_NAME",
      "CHIMERA_REDIS_URL",
      "CHIMERA_REDIS_TLS",
      "CHIMERA_REDIS_CONNECT_TIMEOUT_MS",
      "CHIMERA_REDIS_PREFIX",
    ]);
    expect(issues.join()).not.toContain("s3cret");
  });

  test("gives sentinels what is theirs", () => {
    const sentinels = {
      CHIMERA_REDIS_SENTINEL_NAME: "primary",
      CHIMERA_REDIS_SENTINEL_NODES: "a:1,b:2",
      CHIMERA_REDIS_SENTINEL_USERNAME: "watcher",
      CHIMERA_REDIS_SENTINEL_PASSWORD: "word",
      CHIMERA_REDIS_SENTINEL_TLS: "true",
    };
    const nodes = [
      { host: "a", port: 1 },
      { host: "b", port: 2 },
    ];
    expect(connectionOptionsFromEnv({ ...sentinels, CHIMERA_REDIS_PASSWORD: "other" })).toEqual({
      sentinel: { name: "primary", nodes, username: "watcher", password: "word", tls: true },
      password: "other",
    });
    // The default, said aloud.
    expect(connectionOptionsFromEnv({ CHIMERA_REDIS_SENTINEL_TLS: "false" })).toEqual({});
  });

  test("refuses what is for sentinels where none is named", () => {
    const secret = "s3cret";
    for (const variable of ["NAME", "PASSWORD"]) {
      const issues = issuesFrom(() =>
        RedisConnection.fromEnv({ [`CHIMERA_REDIS_SENTINEL_${variable}`]: secret }),
      );
      expect(issues).toEqual([
        "CHIMERA_REDIS_SENTINEL_NAME: expected to be set together with CHIMERA_REDIS_SENTINEL_NODES",
      ]);
    }
  });
});

describe("a queue's options", () => {
  test("are all checked before anything connects", () => {
    const connection = new RedisConnection();
    const options = { partitions: 257, maxDepth: 0, durability: { replicas: 0 }, confirmTimeoutMs: 0 };
    expect(issuesFrom(() => new RedisBackend("q", connection, options))).toHaveLength(4);
    expect(issuesFrom(() => new RedisBackend("no spaces", connection))).toHaveLength(1);
    connection.close();
  });
});
