import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { silentLogger } from "@chimera/dlq";
import type { Delivery } from "@chimera/queue-core";
import {
  certificatesMissing,
  makeCertificate,
  startRedis,
  startRedisCluster,
  startRedisReplication,
  type Certificate,
} from "@chimera/test-services";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection, RedisQueue, type RedisConnectionOptions } from "../../src/index.ts";

const missing = certificatesMissing();
if (missing !== undefined) console.warn(`TLS tests are skipped: ${missing}`);

function connect(options: RedisConnectionOptions): RedisConnection {
  const connection = new RedisConnection({ logger: silentLogger, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

/** A job goes in and comes out, waited for on a connection of its own. */
async function expectService(connection: RedisConnection, partitions = 1): Promise<void> {
  await using backend = new RedisBackend(`tls-${randomUUID()}`, connection, { partitions });
  const [[held]] = await Promise.all([
    backend.dequeue({ max: 1, leaseMs: 5_000, waitMs: 20_000 }) as Promise<[Delivery]>,
    backend.enqueue([{ id: "a", body: "x" }]),
  ]);
  expect(await backend.settle([{ receipt: held.receipt, outcome: "done" }])).toEqual(["ok"]);
  expect(await backend.metrics()).toMatchObject({ processed: 1, depth: 0, inFlight: 0 });
}

describe.skipIf(missing !== undefined)("over TLS", () => {
  let certificate: Certificate;
  beforeAll(() => {
    certificate = makeCertificate("IP:127.0.0.1");
  });

  test("a certificate that is trusted is taken, with the password of an ACL user from the environment", async () => {
    await using server = await startRedis({
      tls: certificate,
      config: ["user worker on >pässw0rd ~* &* +@all", "user default off"],
    });
    const access = { username: "worker", password: "pässw0rd" };
    await expectService(connect({ url: server.url, ...access, tls: { ca: certificate.ca } }));

    const environment = {
      CHIMERA_REDIS_URL: server.url,
      CHIMERA_REDIS_USERNAME: "worker",
      CHIMERA_REDIS_PASSWORD: "pässw0rd",
    };
    const connection = RedisConnection.fromEnv(environment, {
      tls: { ca: certificate.ca },
      logger: silentLogger,
    });
    onTestFinished(() => connection.close());
    await using queue = new RedisQueue<number>("from-env", { connection });
    await queue.enqueue(1);
    expect(`${inspect(connection, { depth: 9 })}${JSON.stringify(connection)}`).not.toContain("pässw0rd");
  });

  test("a certificate that nobody vouches for is refused, and said without a secret", async () => {
    await using server = await startRedis({ tls: certificate });
    const url = server.url.replace("//", "//:s3cret-word@");
    await using backend = new RedisBackend("refused", connect({ url, commandTimeoutMs: 1_000 }));
    const error: unknown = await backend.ping().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
    expect(String(error)).toMatch(/self-signed certificate/);
    expect(inspect(error)).not.toContain("s3cret-word");
  });

  test("a name that the certificate does not have is refused", async () => {
    await using server = await startRedis({ tls: certificate });
    const url = server.url.replace("127.0.0.1", "localhost");
    await using backend = new RedisBackend(
      "named",
      connect({ url, commandTimeoutMs: 1_000, tls: { ca: certificate.ca } }),
    );
    await expect(backend.ping()).rejects.toThrow(/altnames|does not match/i);
  });

  test("a server without TLS is said so within the time-out", async () => {
    await using server = await startRedis();
    const url = server.url.replace("redis:", "rediss:");
    await using backend = new RedisBackend("plain", connect({ url, commandTimeoutMs: 1_000 }));
    await expect(backend.ping()).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  });

  test.each([1, 3])("a cluster of three nodes serves a queue over %i partitions", async (partitions) => {
    await using cluster = await startRedisCluster({ tls: certificate });
    const options = { cluster: { nodes: cluster.addresses }, tls: { ca: certificate.ca } };
    const connection = connect(options);
    await expectService(connection, partitions);
    expect((await connection.preflight()).evictionPolicy).toBe("noeviction");
  });

  test("sentinels with a user, a password and TLS of their own find the master", async () => {
    await using replication = await startRedisReplication({
      tls: certificate,
      config: ["user worker on >pässw0rd ~* &* +@all"],
      sentinelConfig: ["user watcher on >wätch-word ~* &* +@all"],
    });
    const tls = { ca: certificate.ca };
    const watcher = { username: "watcher", password: "wätch-word", tls };
    const options = { username: "worker", password: "pässw0rd", tls };
    const sentinel = { name: "primary", nodes: replication.sentinels };
    const connection = connect({ ...options, sentinel: { ...sentinel, ...watcher } });
    await expectService(connection);
    expect(`${inspect(connection, { depth: 9 })}${JSON.stringify(connection)}`).not.toMatch(
      /ss?w0rd|tch-word/,
    );

    // Each word is for its own door.
    const { username, password } = options;
    const stranger = { ...watcher, username, password };
    const refused = connect({ ...options, sentinel: { ...sentinel, ...stranger }, commandTimeoutMs: 1_000 });
    await using backend = new RedisBackend("refused", refused);
    await expect(backend.ping()).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  });
});
