import { inspect } from "node:util";
import { silentLogger } from "@chimera/dlq";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection, RedisDeadLetterStore, RedisQueue } from "../../src/index.ts";

let server: TestService;
let url: string;
beforeAll(async () => {
  server = await startRedis();
  url = server.url;
});
afterAll(async () => server.stop());

function connect(options: ConstructorParameters<typeof RedisConnection>[0] = { url }): RedisConnection {
  const connection = new RedisConnection({ logger: silentLogger, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

/** Connections to the server that are not the replica's, the sentinel's, or the one that asks. */
async function connectionsBeside(admin: RedisConnection): Promise<number> {
  const list = (await admin.commands.send("", ["CLIENT", "LIST", "TYPE", "normal"])) as string;
  const others = list.split("\n").filter((line) => line !== "" && !line.includes("cmd=client"));
  return others.filter((line) => !/name=sentinel|cmd=ping/.test(line)).length;
}

describe("one connection of a process", () => {
  test("carries the commands of all its queues and stores; each consumer that waits has one more", async () => {
    await using quiet = await startRedis();
    const admin = connect({ url: quiet.url });
    const connection = connect({ url: quiet.url });
    const backends = Array.from({ length: 5 }, (_, n) => new RedisBackend(`shared-${n}`, connection));
    const store = new RedisDeadLetterStore({ connection });
    await Promise.all([store.ping(), ...backends.map(async (backend) => backend.ping())]);
    expect(await connectionsBeside(admin)).toBe(1);
    const patience = new AbortController();
    const waits = backends
      .slice(0, 2)
      .map(async (backend) =>
        backend.dequeue({ max: 1, leaseMs: 1_000, waitMs: 30_000, signal: patience.signal }),
      );
    await expect.poll(async () => connectionsBeside(admin), { timeout: 10_000 }).toBe(3);
    patience.abort();
    expect(await Promise.all(waits)).toEqual([[], []]);
    await Promise.all(backends.map(async (backend) => backend.close()));
    await expect.poll(async () => connectionsBeside(admin), { timeout: 10_000 }).toBe(1);
  });

  test("shows no password in whatever is made of it", async () => {
    const secret = "s3cret-w0rd";
    const withSecret = url.replace("//", `//default:${secret}@`);
    const connection = connect({ url: withSecret, commandTimeoutMs: 500 });
    await using backend = new RedisBackend("secret", connection);
    const queue = new RedisQueue("secret", { connection });
    const error: unknown = await backend.ping().catch((reason: unknown) => reason);
    const shown = [connection, backend, queue, error].map(
      (each) => `${inspect(each, { depth: 12, showHidden: true })}${JSON.stringify(each)}${String(each)}`,
    );
    expect(shown.join()).not.toContain(secret);
  });
});

describe("names", () => {
  test("queues under two prefixes know nothing of each other, and every key has its prefix", async () => {
    await using empty = await startRedis();
    const [one, other] = ["one", "two:x"].map((prefix) => connect({ url: empty.url, prefix })) as [
      RedisConnection,
      RedisConnection,
    ];
    await using here = new RedisBackend("same", one);
    await using there = new RedisBackend("same", other);
    await here.enqueue([{ id: "a", body: "", delayMs: 1, dedupKey: "k" }]);
    await new RedisDeadLetterStore({ connection: one }).ping();
    expect((await there.metrics()).enqueued).toBe(0);
    await here.dequeue({ max: 1, leaseMs: 1_000, waitMs: 5_000 });
    const keys = (await one.commands.send("", ["KEYS", "*"])) as string[];
    expect(keys.filter((key) => !key.startsWith("one:{") && !key.startsWith("two:x:{"))).toEqual([]);
  });

  test.each(["", "a b", "a{b", "ü", "x".repeat(101)])("`%s` is no name of a queue or a store", (name) => {
    const connection = connect();
    expect(() => new RedisBackend(name, connection)).toThrow(
      expect.objectContaining({ code: "QUEUE_INVALID" }),
    );
    expect(() => new RedisDeadLetterStore({ connection, name })).toThrow(
      expect.objectContaining({ code: "QUEUE_INVALID" }),
    );
  });
});
