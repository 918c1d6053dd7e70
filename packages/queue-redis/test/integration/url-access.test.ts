import { join } from "node:path";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { silentLogger } from "@chimera/dlq";
import { certificatesMissing, makeCertificate, startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { RedisConnection, RedisQueue, type RedisConnectionOptions } from "../../src/index.ts";

const missing = certificatesMissing();
const directory = mkdtempSync(join(tmpdir(), "chimera-url-"));
const socket = join(directory, "redis.sock");

let server: TestService;
beforeAll(async () => {
  server = await startRedis({
    config: [
      `unixsocket ${socket}`,
      "user default off",
      "user one on >p%ne ~* &* +@all",
      "user two on >tw:o@/ ~* &* +@all",
    ],
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

async function ask(options: RedisConnectionOptions, ...words: string[]): Promise<unknown> {
  const connection = new RedisConnection({ logger: silentLogger, commandTimeoutMs: 1_000, ...options });
  onTestFinished(() => connection.close());
  return connection.commands.send("", words);
}

const urlOf = (access: string, path = ""): string => server.url.replace("//", `//${access}@`) + path;

describe("user and password", () => {
  test("of the URL serve where the options name none", async () => {
    expect(await ask({ url: urlOf("one:p%25ne") }, "ACL", "WHOAMI")).toBe("one");
    expect(await ask({ url: urlOf("two:tw%3Ao%40%2F") }, "ACL", "WHOAMI")).toBe("two");
  });

  test("of the options win over those of the URL", async () => {
    const access = { username: "two", password: "tw:o@/" };
    expect(await ask({ url: urlOf("one:p%25ne"), ...access }, "ACL", "WHOAMI")).toBe("two");
    expect(await ask({ url: urlOf("two:wrong"), password: access.password }, "ACL", "WHOAMI")).toBe("two");
    expect(await ask({ url: urlOf("one:tw%3Ao%40%2F"), username: "two" }, "ACL", "WHOAMI")).toBe("two");
    const environment = {
      CHIMERA_REDIS_URL: urlOf("one:wrong"),
      CHIMERA_REDIS_USERNAME: "two",
      CHIMERA_REDIS_PASSWORD: access.password,
    };
    using connection = RedisConnection.fromEnv(environment, { logger: silentLogger });
    expect(await connection.commands.send("", ["ACL", "WHOAMI"])).toBe("two");
  });
});

describe("a server that is named beside the environment", () => {
  const elsewhere = { CHIMERA_REDIS_URL: "redis://127.0.0.1:1", CHIMERA_REDIS_COMMAND_TIMEOUT_MS: "1000" };

  test("is the one that a queue uses", async () => {
    const options = { url: urlOf("one:p%25ne"), logger: silentLogger };
    await using queue = RedisQueue.fromEnv<number>("beside", elsewhere, options);
    await queue.enqueue(1);
    expect((await queue.metrics()).depth).toBe(1);
  });

  test("takes the place of the other with all that is said of it, and leaves the rest", async () => {
    const environments = [
      { ...elsewhere, CHIMERA_REDIS_USERNAME: "two", CHIMERA_REDIS_PASSWORD: "s3cret" },
      { CHIMERA_REDIS_CLUSTER_NODES: "127.0.0.1:1", CHIMERA_REDIS_TLS: "true" },
      { CHIMERA_REDIS_SENTINEL_NODES: "127.0.0.1:1", CHIMERA_REDIS_SENTINEL_NAME: "primary" },
    ];
    for (const environment of environments) {
      const named = { ...environment, CHIMERA_REDIS_PREFIX: "mine" };
      using connection = RedisConnection.fromEnv(named, { url: urlOf("one:p%25ne"), logger: silentLogger });
      expect(await connection.commands.send("", ["ACL", "WHOAMI"])).toBe("one");
      expect(connection.settings.prefix).toBe("mine");
    }
  });

  test("has the environment's user and password where that names no server", async () => {
    const environment = { CHIMERA_REDIS_USERNAME: "two", CHIMERA_REDIS_PASSWORD: "tw:o@/" };
    using connection = RedisConnection.fromEnv(environment, { url: server.url, logger: silentLogger });
    expect(await connection.commands.send("", ["ACL", "WHOAMI"])).toBe("two");
  });
});

describe("a URL", () => {
  test("names the database", async () => {
    expect(await ask({ url: urlOf("one:p%25ne", "/3") }, "CLIENT", "INFO")).toContain(" db=3 ");
    expect(await ask({ url: urlOf("one:p%25ne", "/") }, "CLIENT", "INFO")).toContain(" db=0 ");
  });

  test("may be of a Unix socket, with user, password and database", async () => {
    const url = `unix://one:p%25ne@${socket}?db=2`;
    expect(await ask({ url }, "CLIENT", "INFO")).toMatch(/ db=2 .* user=one /);
    const bare = { url: `unix://${socket}`, username: "two", password: "tw:o@/" };
    expect(await ask(bare, "CLIENT", "INFO")).toMatch(/ db=0 .* user=two /);
  });

  test.skipIf(missing !== undefined)(
    "that begins with redis: speaks TLS where the options say so",
    async () => {
      const certificate = makeCertificate("IP:127.0.0.1");
      await using secured = await startRedis({ tls: certificate });
      const url = secured.url.replace("rediss:", "redis:");
      expect(await ask({ url, tls: { ca: certificate.ca } }, "PING")).toBe("PONG");
    },
  );
});
